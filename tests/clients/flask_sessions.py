"""Counts a visitor's requests in a Flask-Session on redis-py: `flask_sessions.py RESP_PORT HTTP_PORT`."""

import sys

import redis
from flask import Flask, session
from flask_session import Session

app = Flask(__name__)
app.config.update(
    SESSION_TYPE="redis",
    SESSION_REDIS=redis.Redis(host="127.0.0.1", port=int(sys.argv[1])),
    PERMANENT_SESSION_LIFETIME=600,
)
Session(app)


@app.get("/")
def visit():
    session["visits"] = session.get("visits", 0) + 1
    return {"visits": session["visits"]}


@app.get("/ready")
def ready():
    return {}


app.run(host="127.0.0.1", port=int(sys.argv[2]), threaded=True)
