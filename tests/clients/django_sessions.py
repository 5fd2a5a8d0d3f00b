"""Counts a user's requests in Django's cache sessions on Django's own Redis cache (redis-py).

Under gunicorn: `RESP_PORT=… gunicorn django_sessions:app`.
"""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST

settings.configure(
    SECRET_KEY="only for this test",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{os.environ['RESP_PORT']}",
        }
    },
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    SESSION_COOKIE_AGE=600,
)


def visit(request):
    if "user" not in request.session:
        return JsonResponse({}, status=401)
    request.session["visits"] += 1
    return JsonResponse({name: request.session[name] for name in ("user", "visits")})


@require_POST
def login(request):
    # What django.contrib.auth does, which would want a database of users here.
    request.session.cycle_key()
    request.session["user"] = request.POST["user"]
    request.session["visits"] = 0
    return JsonResponse({})


@require_POST
def logout(request):
    request.session.flush()
    return JsonResponse({})


def ready(_):
    return JsonResponse({})


urlpatterns = [path("", visit), path("login", login), path("logout", logout), path("ready", ready)]
app = get_wsgi_application()
