"""Settings of Superset, read by its own Python. Secrets come from files of BI_HOME; nothing is asked of the network."""

import os
from pathlib import Path

import wtforms_json

# There is a wheel of its 0.3.4 alone, which changes every form in a way that WTForms 3 no longer allows (the login
# fails); no form of Superset uses what it adds.
wtforms_json.init = lambda: None

_SECRETS = Path(os.environ["BI_HOME"]) / "secrets"

SECRET_KEY = (_SECRETS / "key").read_text(encoding="utf-8")
SQLALCHEMY_DATABASE_URI = (_SECRETS / "metadata.url").read_text(encoding="utf-8")

APP_NAME = "Guanxi 关系"
LANGUAGES = {"en": {"flag": "us", "name": "English"}, "zh": {"flag": "cn", "name": "中文"}}
FEATURE_FLAGS = {"DASHBOARD_RBAC": True, "ALERT_REPORTS": False, "THUMBNAILS": False, "EMBEDDED_SUPERSET": False}

# Figures change once a night, and a night becomes live at one moment: what is shown is always asked anew.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
RATELIMIT_STORAGE_URI = "memory://"
CELERY_CONFIG = None

ROW_LIMIT = 50_000
SQL_MAX_ROW = 50_000
SUPERSET_WEBSERVER_TIMEOUT = 60

# Behind the loopback address there is no TLS; put a proxy with it in front before others are let in.
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
CONTENT_SECURITY_POLICY_WARNING = False
