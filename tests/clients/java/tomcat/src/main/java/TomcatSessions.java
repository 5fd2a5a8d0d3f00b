import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.redisson.tomcat.RedissonSessionManager;

/**
 * Counts a user's requests in a session of Tomcat's, kept by Redisson's session manager:
 * {@code TomcatSessions RESP_PORT HTTP_PORT UPDATE_MODE READ_MODE}.
 */
public final class TomcatSessions extends HttpServlet {
    private static final long serialVersionUID = 1;

    public static void main(String[] words) throws Exception {
        Path folder = Files.createTempDirectory("tomcat");
        Path config = folder.resolve("redisson.yaml");
        // No more threads and connections than a test wants; everything else is Redisson's default.
        Files.writeString(config, """
            threads: 4
            nettyThreads: 4
            singleServerConfig:
              address: "redis://127.0.0.1:%s"
              connectionMinimumIdleSize: 1
              connectionPoolSize: 8
            """.formatted(words[0]));
        RedissonSessionManager manager = new RedissonSessionManager();
        manager.setConfigPath(config.toString());
        manager.setUpdateMode(words[2]);
        manager.setReadMode(words[3]);

        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(folder.toString());
        tomcat.setHostname("127.0.0.1");
        tomcat.setPort(Integer.parseInt(words[1]));
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        Context context = tomcat.addContext("", new File(folder.toString()).getAbsolutePath());
        context.setManager(manager);
        context.setSessionTimeout(10);
        Tomcat.addServlet(context, "sessions", new TomcatSessions());
        context.addServletMappingDecoded("/", "sessions");
        tomcat.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                tomcat.stop();
            } catch (Exception failed) {
                failed.printStackTrace();
            }
        }));
        tomcat.getServer().await();
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        switch (request.getRequestURI()) {
            case "/login" -> {
                var session = request.getSession();
                // As every container's own login does, against a session id that was planted before.
                request.changeSessionId();
                session.setAttribute("user", request.getParameter("user"));
                session.setAttribute("visits", 0);
            }
            case "/logout" -> {
                var session = request.getSession(false);
                if (session != null) {
                    session.invalidate();
                }
            }
            default -> response.sendError(404);
        }
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (request.getRequestURI().equals("/ready")) {
            return;
        }
        var session = request.getSession(false);
        if (session == null || session.getAttribute("user") == null) {
            response.setStatus(401);
            return;
        }
        int visits = (Integer) session.getAttribute("visits") + 1;
        session.setAttribute("visits", visits);
        response.setContentType("application/json");
        response.getWriter().printf("{\"user\":\"%s\",\"visits\":%d}", session.getAttribute("user"), visits);
    }
}
