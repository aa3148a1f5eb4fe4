"""
Composition root: the app, the blueprints and the `local` switch.

No routes and no calls. The workers' Lambdas do not import this module.
"""

import os

from chalice.app import Chalice

from chalicelib import logs
from chalicelib.api import (
    articles,
    decisions,
    editor,
    editor_articles,
    http,
    links,
    notifications,
    reactions,
    readers,
    reviews,
    revisions,
    service,
)
from chalicelib.store import client
from chalicelib.workers import notify, reconcile, schedule, tally

app = Chalice(app_name="plaudit", configure_logs=False)

for module in (
    articles,
    reviews,
    reactions,
    editor_articles,
    revisions,
    editor,
    decisions,
    links,
    notifications,
    readers,
    service,
):
    app.register_blueprint(module.routes)
for worker in (tally, reconcile, notify, schedule):
    app.register_blueprint(worker.workers)

if os.environ.get("STAGE") == "local" and os.environ.get("AWS_CHALICE_CLI_MODE"):
    import localdev

    localdev.start(app)

http.complete(app)
client.prepare(os.environ)
logs.configure()
