package sessions;

import jakarta.servlet.http.HttpSession;
import java.security.Principal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.EventListener;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.Session;
import org.springframework.session.events.SessionExpiredEvent;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/**
 * Counts a user's requests in a Spring Session with the principal's index, behind Spring Security's form
 * login; says how many sessions a user has, and how late it was told of their end. Ports and times come as
 * Spring's own properties.
 */
@SpringBootApplication
@RestController
public class SpringSessions {
    private final List<Long> expired = new CopyOnWriteArrayList<>();
    private final FindByIndexNameSessionRepository<? extends Session> sessions;

    public SpringSessions(FindByIndexNameSessionRepository<? extends Session> sessions) {
        this.sessions = sessions;
    }

    public static void main(String[] words) {
        SpringApplication.run(SpringSessions.class, words);
    }

    @Bean
    static SecurityFilterChain security(HttpSecurity http) throws Exception {
        return http
            .csrf(csrf -> csrf.disable())
            .authorizeHttpRequests(rules -> rules
                .requestMatchers("/ready", "/expired", "/of/**").permitAll()
                .anyRequest().authenticated())
            .formLogin(form -> form
                .usernameParameter("user")
                .successHandler((request, response, user) -> response.setStatus(200)))
            .logout(logout -> logout
                .logoutSuccessHandler((request, response, user) -> response.setStatus(200)))
            .exceptionHandling(errors -> errors
                .authenticationEntryPoint((request, response, error) -> response.setStatus(401)))
            .build();
    }

    /** Everybody is known, with one password. */
    @Bean
    static UserDetailsService users() {
        return name -> User.withUsername(name).password("{noop}secret").roles("USER").build();
    }

    @GetMapping("/")
    Map<String, Object> visit(HttpSession session, Principal user) {
        Integer before = (Integer) session.getAttribute("visits");
        int visits = (before == null ? 0 : before) + 1;
        session.setAttribute("visits", visits);
        return Map.of("user", user.getName(), "visits", visits);
    }

    @GetMapping("/ready")
    void ready() {}

    @GetMapping("/of/{user}")
    int of(@PathVariable String user) {
        return sessions.findByPrincipalName(user).size();
    }

    /** How late it was told that a session had expired, each in milliseconds. */
    @GetMapping("/expired")
    List<Long> expired() {
        return expired;
    }

    @EventListener
    void on(SessionExpiredEvent event) {
        Session session = event.getSession();
        Instant end = session.getLastAccessedTime().plus(session.getMaxInactiveInterval());
        expired.add(Duration.between(end, Instant.now()).toMillis());
    }
}
