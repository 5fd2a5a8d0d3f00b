"""Counts a visitor's requests, and keeps a user who logs in, in a Flask-Session on redis-py.

Under gunicorn: `RESP_PORT=… gunicorn flask_sessions:app`.
"""

import os

import redis
from flask import Flask, request, session
from flask_session import Session

app = Flask(__name__)
app.config.update(
    SESSION_TYPE="redis",
    SESSION_REDIS=redis.Redis(host="127.0.0.1", port=int(os.environ["RESP_PORT"])),
    PERMANENT_SESSION_LIFETIME=600,
)
Session(app)


@app.get("/")
def visit():
    session["visits"] = session.get("visits", 0) + 1
    return {"user": session.get("user"), "visits": session["visits"]}


@app.post("/login")
def login():
    app.session_interface.regenerate(session)
    session["user"] = request.form["user"]
    return {}


@app.post("/logout")
def logout():
    session.clear()
    return {}


@app.get("/ready")
def ready():
    return {}
