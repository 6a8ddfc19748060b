"""A taken port: told before anything starts, with its holder and the line that avoids it."""

from __future__ import annotations

import os
import socket

import pytest

from crosswalk.model.errors import ConfigurationError
from crosswalk_airflow.local.ports import is_free, require_free
from tests.local.installation import free_port


def test_a_taken_port_is_told_with_its_holder_and_the_line_for_dot_env() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as refusal:
            require_free({"api-server": port, "postgres": free_port()}, ["api-server", "postgres"])
    sentence = str(refusal.value)
    assert f"Port {port} for Airflow is taken by pid {os.getpid()}" in sentence
    assert "CROSSWALK_AIRFLOW_PORT=" in sentence
    assert "CROSSWALK_PORT_BASE=" in sentence


def test_a_port_that_listens_on_every_address_counts_as_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        assert not is_free(taken.getsockname()[1])


def test_free_ports_pass_and_a_port_just_given_up_is_free() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as every server does
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), server.accept()[0]:
            pass
    require_free({"postgres": port}, ["postgres"])


def test_two_components_on_one_port_are_told() -> None:
    port = free_port()
    with pytest.raises(ConfigurationError, match=f"the same port: {port}"):
        require_free({"api-server": port, "postgres": port}, ["api-server", "postgres"])
