"""Chromium on the running system: signed in, at a size, in a theme, with everything it asked for and complained about."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

WAIT = 60
_BROWSERS, _DRIVERS = ("chromium", "chromium-browser", "google-chrome"), ("chromedriver",)


def programs() -> tuple[str, str]:
    """The browser's and the driver's program; skips the test when there are none, unless CI asks for them."""
    found = [next((path for name in names if (path := shutil.which(name))), None) for names in (_BROWSERS, _DRIVERS)]
    if None in found:
        sentence = "Chromium and chromedriver are not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return str(found[0]), str(found[1])


@dataclass
class Browser:
    """One window."""

    driver: webdriver.Chrome
    url: str
    downloads: Path

    def size(self, width: int, height: int = 900) -> None:
        """Make the page, not the window, this large."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def sign_in(self, user: str, password: str) -> None:
        self.driver.get(self.url)
        self.see("input[name=username]").send_keys(user)
        self.see("input[name=password]").send_keys(password)
        self.see("button[type=submit]").click()
        WebDriverWait(self.driver, WAIT).until(lambda driver: "/login" not in driver.current_url)

    def theme(self, name: str) -> None:
        """Choose light or dark as Airflow keeps it."""
        self.driver.execute_script("localStorage.setItem('theme', arguments[0])", name)

    def open(self, path: str) -> None:
        self.driver.switch_to.default_content()
        self.driver.get(self.url + path)

    def page(self, route: str, what: str) -> WebElement:
        """Open one of our pages inside Airflow and wait until ``what`` (a CSS selector) shows; stays in its frame."""
        self.open(f"/plugin/{route}")
        return self.inside(what)

    def inside(self, what: str) -> WebElement:
        """Go into our frame and wait until ``what`` shows."""
        self.driver.switch_to.default_content()
        self.driver.switch_to.frame(self.see("iframe"))
        return self.see(what)

    def see(self, selector: str) -> WebElement:
        def visible(driver: webdriver.Chrome) -> WebElement | None:
            return next((one for one in driver.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()), None)

        return WebDriverWait(self.driver, WAIT).until(visible, f"{selector} is not to be seen")

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def table(self, selector: str) -> list[list[str]]:
        """The texts of a table's body, as shown."""
        script = """return [...document.querySelectorAll(arguments[0] + ' tbody tr')]
            .map(row => [...row.cells].map(cell => cell.innerText.trim()))"""
        return [list(row) for row in self.driver.execute_script(script, selector)]

    def overflows(self) -> bool:
        """Whether the page is wider than its frame."""
        script = "return document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"
        return bool(self.driver.execute_script(script))

    def background(self) -> str:
        return str(self.driver.execute_script("return getComputedStyle(document.body).backgroundColor"))

    def picture(self, path: Path) -> None:
        self.driver.switch_to.default_content()
        path.write_bytes(self.driver.get_screenshot_as_png())

    def hosts(self) -> set[str]:
        """Every host that something was asked of since the last look, from Chromium's own log of the network."""
        found = set()
        for line in self.driver.get_log("performance"):
            message: dict[str, Any] = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.add(urlsplit(message["params"]["request"]["url"]).netloc)
        return found - {""}

    def complaints(self) -> list[str]:
        """Errors in the console since the last look."""
        return [line["message"] for line in self.driver.get_log("browser") if line["level"] == "SEVERE"]


@contextmanager
def browser(url: str, downloads: Path) -> Iterator[Browser]:
    """Start a headless Chromium that can reach the loopback alone."""
    chromium, driver = programs()
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--hide-scrollbars",
        "--disable-background-networking",
        "--disable-component-update",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--user-data-dir={downloads / 'profile'}",
    ):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    window = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    try:
        window.set_page_load_timeout(WAIT)
        yield Browser(window, url, downloads)
    finally:
        window.quit()
