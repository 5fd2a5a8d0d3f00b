// Counts a visitor's requests, and keeps a user who logs in, in an express-session on connect-redis:
// `express_sessions.mjs RESP_PORT HTTP_PORT`.

import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { createClient } from "redis";

const [resp, http] = process.argv.slice(2);
const client = createClient({ url: `redis://127.0.0.1:${resp}` });
client.on("error", (error) => console.error(error.message));
await client.connect();

const app = express();
app.get("/ready", (_, response) => response.json({}));
app.use(
  session({
    store: new RedisStore({ client }),
    secret: "only for this test",
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 600_000 },
  }),
);
app.get("/", (request, response) => {
  request.session.visits = (request.session.visits ?? 0) + 1;
  // Left alone, express-session answers 200 also when the store did not take the session.
  request.session.save((error) => {
    const { user, visits } = request.session;
    response.status(error ? 503 : 200).json({ user, visits });
  });
});
app.post("/login", express.urlencoded(), (request, response, next) => {
  // Against a session id that was planted before.
  request.session.regenerate((error) => {
    if (error) return next(error);
    request.session.user = request.body.user;
    request.session.save((error) => response.status(error ? 503 : 200).json({}));
  });
});
app.post("/logout", (request, response) => {
  request.session.destroy((error) => response.status(error ? 503 : 200).json({}));
});
app.listen(Number(http), "127.0.0.1");
