// Counts a user's requests in a session that go-redis keeps in a hash: `sessions RESP_PORT HTTP_PORT`.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	cookie = "session"
	prefix = "session:"
	idle   = 10 * time.Minute
)

var store *redis.Client

func main() {
	store = redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + os.Args[1]})
	http.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/login", login)
	http.HandleFunc("/logout", logout)
	http.HandleFunc("/", visit)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[2], nil))
}

func login(w http.ResponseWriter, r *http.Request) {
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		away(w, err)
		return
	}
	id := hex.EncodeToString(secret)
	_, err := store.TxPipelined(r.Context(), func(tx redis.Pipeliner) error {
		tx.HSet(r.Context(), prefix+id, "user", r.PostFormValue("user"), "visits", 0)
		tx.Expire(r.Context(), prefix+id, idle)
		return nil
	})
	if err != nil {
		away(w, err)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: id, HttpOnly: true})
}

// Whoever changed the session between the read and the write makes EXEC fail; the read is then done again.
func visit(w http.ResponseWriter, r *http.Request) {
	held, err := r.Cookie(cookie)
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	key := prefix + held.Value
	var user string
	var visits *redis.IntCmd
	count := func(watched *redis.Tx) error {
		var err error
		if user, err = watched.HGet(r.Context(), key, "user").Result(); err != nil {
			return err
		}
		_, err = watched.TxPipelined(r.Context(), func(tx redis.Pipeliner) error {
			visits = tx.HIncrBy(r.Context(), key, "visits", 1)
			tx.Expire(r.Context(), key, idle)
			return nil
		})
		return err
	}
	err = redis.TxFailedErr
	for errors.Is(err, redis.TxFailedErr) {
		err = store.Watch(r.Context(), count, key)
	}
	if errors.Is(err, redis.Nil) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if err != nil {
		away(w, err)
		return
	}
	json.NewEncoder(w).Encode(map[string]any{"user": user, "visits": visits.Val()})
}

func logout(w http.ResponseWriter, r *http.Request) {
	if held, err := r.Cookie(cookie); err == nil {
		if err := store.Del(r.Context(), prefix+held.Value).Err(); err != nil {
			away(w, err)
		}
	}
}

func away(w http.ResponseWriter, err error) {
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}
