// Counts a visitor's requests in an express-session on connect-redis: `express_sessions.mjs RESP_PORT HTTP_PORT`.

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
    response.status(error ? 503 : 200).json({ visits: request.session.visits });
  });
});
app.listen(Number(http), "127.0.0.1");
