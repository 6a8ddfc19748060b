"""JSON over HTTP to our own processes: never through a proxy, patient with a machine that is busy starting."""

from __future__ import annotations

from collections.abc import Mapping

import requests
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from crosswalk.model.errors import TransientError

Body = dict[str, object]
_PATIENCE = 120.0  # seconds in which a silent process is asked again
_ANSWER_WITHIN = 60.0  # Airflow's first requests build what later ones find; on a busy machine that takes a while


def ask(method: str, url: str, body: Body | None = None, headers: Mapping[str, str] | None = None) -> Body:
    """Return the JSON object a process answers.

    Silence is retried, so the request must be harmless to repeat.

    :raises TransientError: no answer for two minutes, or an answer that is an error.
    """
    patient = retry(
        retry=retry_if_exception_type((requests.ConnectionError, requests.Timeout)),
        wait=wait_exponential(0.2, max=5.0),
        stop=stop_after_delay(_PATIENCE),
        reraise=True,
    )
    try:
        answer = patient(_send)(method, url, body, headers or {}, _ANSWER_WITHIN)
    except requests.RequestException as error:
        raise TransientError(f"{url} does not answer: {type(error).__name__}.", hint="See `crosswalk logs`.") from error
    if not answer.ok:
        raise TransientError(f"{url} answered {answer.status_code} to {method}.", hint="See `crosswalk logs`.")
    return _object(answer)


def glance(url: str) -> Body:
    """Return the JSON object at a URL; empty when there is none now, whatever the reason."""
    try:
        return _object(_send("GET", url, None, {}, _ANSWER_WITHIN))
    except requests.RequestException:
        return {}


def _send(method: str, url: str, body: Body | None, headers: Mapping[str, str], seconds: float) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, json=body, headers=dict(headers), timeout=seconds)


def _object(answer: requests.Response) -> Body:
    try:
        found = answer.json()
    except requests.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
