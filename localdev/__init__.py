"""
AWS on a laptop.

moto in the process, the tables of `infra/`, sample articles, and a pump that
carries the stream to the real tally worker.

Never part of the deployment package: it stands outside `chalicelib/`, and
`app.py` imports it in the stage `local` alone.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalice.app import Chalice


def start(app: "Chalice") -> None:
    """
    Make the process a Plaudit of its own, before its server takes requests.

    Called once, by `app.py` under `chalice local --stage local`.
    """
    from localdev import aws, gateway, page, samples, stream, terminal  # noqa: PLC0415

    terminal.configure()
    editor_key = aws.start()
    page.register(app, editor_key)
    gateway.install(editor_key)
    pump = stream.Pump()
    # Samples get in whatever this run asks of visitors, and are no news.
    open_to_all = {
        "LIMITS": "off",
        "CAPTCHA": "off",
        "CONSENT_REVISION": None,
        "CONSENT_TEXT": None,
    }
    nobody_told = {"WEBHOOKS": "off", "MAIL_FROM": None}
    with terminal.silence(), aws.told(**open_to_all, **nobody_told):
        samples.load(app, editor_key)
        pump.deliver()
    pump.start()
