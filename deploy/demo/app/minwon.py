"""A small civil-service portal (민원), one per demo site: an ordinary Flask application.

Nothing in it is made for Bongsu. Its sessions live in what it takes for a Redis server, its traces and
metrics go out by OTLP through the OpenTelemetry SDK, and its data is in SQLite. What it adds to a span is
what any application would: who the user is, and the first-party cookie that tells browsers apart.

Environment: MINWON_SITE, MINWON_DATABASE, MINWON_REDIS_PORT, MINWON_OTLP (base URL), MINWON_WORK (how
much computing a page costs, in thousands of hash rounds).
"""

import hashlib
import os
import sqlite3
import time
import uuid
from contextlib import closing

from flask import Flask, abort, g, redirect, request, session
from flask_session import Session
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind
from redis import Redis

SITE = os.environ["MINWON_SITE"]
DATABASE = os.environ["MINWON_DATABASE"]
WORK = int(os.environ.get("MINWON_WORK", "5"))
COOKIE = "bongsu_uid"
PETITIONS = 500

tracer = trace.get_tracer("minwon")


def telemetry(otlp):
    """Traces within a second, metrics every five."""
    resource = Resource.create({"service.name": "minwon", "service.instance.id": f"minwon-{SITE}-1"})
    traces = TracerProvider(resource=resource)
    traces.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{otlp}/v1/traces"), schedule_delay_millis=500)
    )
    trace.set_tracer_provider(traces)
    reader = PeriodicExportingMetricReader(
        OTLPMetricExporter(endpoint=f"{otlp}/v1/metrics"), export_interval_millis=5000
    )
    metrics.set_meter_provider(MeterProvider(resource=resource, metric_readers=[reader]))
    metrics.get_meter("minwon").create_observable_gauge(
        "process.cpu.utilization", callbacks=[CpuUtilization()], unit="1"
    )


class CpuUtilization:
    """CPU time of this process since the last look, as a share of what all CPUs could have given."""

    def __init__(self):
        self.cpu, self.wall = time.process_time(), time.monotonic()

    def __call__(self, _options):
        cpu, wall = time.process_time(), time.monotonic()
        share = (cpu - self.cpu) / max(wall - self.wall, 1e-3) / len(os.sched_getaffinity(0))
        self.cpu, self.wall = cpu, wall
        yield Observation(min(share, 1.0))


def query(statement, *parameters):
    """Runs one SQL statement as a client span, as a database driver's instrumentation would."""
    attributes = {"db.system.name": "sqlite", "db.query.text": statement}
    with tracer.start_as_current_span("sqlite", kind=SpanKind.CLIENT, attributes=attributes):
        with closing(sqlite3.connect(DATABASE, timeout=10)) as database, database:
            return database.execute(statement, parameters).fetchall()


def fill_database():
    query("CREATE TABLE IF NOT EXISTS petition (id INTEGER PRIMARY KEY, title TEXT, body TEXT)")
    if not query("SELECT 1 FROM petition LIMIT 1"):
        with closing(sqlite3.connect(DATABASE)) as database, database:
            rows = ((f"민원 {n}", f"{SITE} 민원 {n}의 내용입니다. " * 20) for n in range(PETITIONS))
            database.executemany("INSERT INTO petition (title, body) VALUES (?, ?)", rows)


def password_of(user):
    """The demo's accounts: everybody's password follows from the name."""
    return f"pw-{user}"


def create():
    """The application, for `gunicorn 'minwon:create()'`: called in the worker, after the fork."""
    telemetry(os.environ["MINWON_OTLP"])
    fill_database()
    app = Flask(__name__)
    app.config.update(
        SESSION_TYPE="redis",
        SESSION_REDIS=Redis(port=int(os.environ["MINWON_REDIS_PORT"])),
        SESSION_PERMANENT=True,
        PERMANENT_SESSION_LIFETIME=1800,
    )
    Session(app)
    FlaskInstrumentor().instrument_app(app)
    RedisInstrumentor().instrument()
    app.before_request(identify)
    app.after_request(describe)
    routes(app)
    return app


def identify():
    g.browser = request.cookies.get(COOKIE) or uuid.uuid4().hex


def describe(response):
    """Puts on the request's span who made it."""
    if request.path == "/health":
        return response
    if COOKIE not in request.cookies:
        response.set_cookie(COOKIE, g.browser, max_age=31_536_000, httponly=True, samesite="Lax")
    span = trace.get_current_span()
    span.set_attribute("bongsu.cookie", g.browser)
    span.set_attribute("client.address", request.headers.get("X-Real-IP", request.remote_addr))
    if session:
        span.set_attribute("session.id", session.sid)
    if user := session.get("user_id"):
        span.set_attribute("user.id", user)
        span.set_attribute("enduser.id", user)
    return response


def page(title, rows=()):
    """Renders a page; the hashing stands for the work a real template does."""
    hashlib.pbkdf2_hmac("sha256", title.encode(), b"minwon", WORK * 1000)
    items = "".join(f"<li>{' · '.join(map(str, row))}</li>" for row in rows)
    head = f"<!doctype html><title>{title}</title><link rel=stylesheet href=/static/minwon.css>"
    return f"{head}<h1>{title}</h1><ul>{items}</ul>"


def routes(app):
    @app.get("/health")
    def health():
        return "ok"

    @app.get("/")
    def home():
        session["visits"] = session.get("visits", 0) + 1
        return page("민원 포털", query("SELECT id, title FROM petition ORDER BY id DESC LIMIT 5"))

    @app.get("/login")
    def login_form():
        return page("로그인")

    @app.post("/login")
    def login():
        user = request.form.get("user", "")
        if request.form.get("password") != password_of(user):
            return page("아이디 또는 비밀번호가 다릅니다"), 401
        app.session_interface.regenerate(session)
        session["user_id"] = user
        return redirect("/minwon/list", 303)

    @app.post("/logout")
    def logout():
        session.clear()
        return redirect("/", 303)

    @app.get("/minwon/list")
    def petitions():
        return page("민원 목록", query("SELECT id, title FROM petition ORDER BY id DESC LIMIT 30"))

    @app.get("/minwon/<int:number>")
    def petition(number):
        found = query("SELECT title, body FROM petition WHERE id = ?", number)
        return page("민원", found) if found else abort(404)

    @app.post("/minwon/apply")
    def apply():
        if "user_id" not in session:
            return redirect("/login", 303)
        query("INSERT INTO petition (title, body) VALUES (?, ?)", request.form.get("title", "민원"), "")
        return redirect("/minwon/list", 303)

    @app.get("/minwon/stats")
    def stats():
        """The slow one: searches every petition, then waits as if for another agency's system."""
        rows = query("SELECT count(*), sum(length(body)) FROM petition WHERE body LIKE '%민원%내용%'")
        time.sleep(1.2)
        return page("민원 통계", rows)

    @app.get("/minwon/export")
    def export():
        """The broken one."""
        raise RuntimeError("export service is not configured")
