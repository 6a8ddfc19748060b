"""What to do when a stage's task is red, at night, without having written any of this."""

from __future__ import annotations

RUNBOOKS: dict[str, list[str]] = {
    "pull": [
        "Read the last lines of the log: they name the system, the entity and the vendor's code.",
        "authentication: the credentials were refused. Admin → Connections, open the system's connection, correct it, press Test, clear the task.",
        "permission or schema: the integration user lost a right or a field. The message names it. Restore it in the system, or take the field out of the mapping file; clear the task.",
        "rate_limit: somebody used up the account's allowance. The task retries by itself as late as the system asked; nothing to do unless it lasts for hours.",
        "timeout: the system or the network is disturbed. Clear the task when it is back; the pull goes on from its watermark and loses nothing.",
    ],
    "link": [
        "Linking works in the hub alone. If it is red, the hub is not reachable: check Postgres, then clear the task."
    ],
    "match": [
        "Matching works in the hub alone. If it is red, the hub is not reachable, or the machine ran out of memory: it holds all records of an entity.",
        "Clear it at any time: what is linked stays linked, what a person decided stays decided.",
    ],
    "plan": [
        "Planning works in the hub alone. A red task means an unreachable hub or a wrong pairing or mapping file; the message names file and line.",
        "Deals that cannot become orders never make it red. They are in quarantine with what to mend; once mended in the CRM they are planned by the next run.",
    ],
    "gate": [
        "The gate held more writes than the pairing's brake allows, or the mode is off: that is a result, not an error. Look at the task's XCom for the reason."
    ],
    "deliver": [
        "Clear the task at any time. Writes that are done are not repeated; writes whose outcome is unknown are looked up by their key first.",
        "in_doubt above zero: a reply was lost. The hub waits until the request can no longer commit (15 minutes for NetSuite), looks again, and only then resends. Nothing to do.",
        "rejected above zero: the target said no to single records. They are in quarantine with the target's words.",
    ],
    "settle": ["Reads back what was written. Clear it; it settles only what is left."],
    "preflight": [
        "Red means that something would stop the pipelines. The log's last lines are a table: what is missing, where, and after the arrow what to do.",
        "Mend the lines marked BLOCKS, then clear the task. It only reads; clear it as often as you like.",
    ],
    "check": [
        "Compares the systems in the hub. Differences never make it red. If it is red, the hub is not reachable or Great Expectations is not installed as pinned."
    ],
    "report": [
        "The mail could not be sent. The message is the mail server's: correct the SMTP connection that the pairing names (checks.report), press Test, clear the task.",
        "Clear it at any time; a mail that went out is then sent once more.",
    ],
}
