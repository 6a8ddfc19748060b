"""What the platform says about statements that parse and still make no sense (Salesforce §6.2)."""

from __future__ import annotations

from ..errors import ApiError
from .parse import located

_CUSTOM = "Please reference your WSDL or the describe call for the appropriate names."


def no_column(text: str, at: int, name: str, entity: str) -> ApiError:
    """Unknown field, or one that the user may not see."""
    message = (
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, "
        f"be sure to append the '__c' after the custom field name. {_CUSTOM}"
    )
    return ApiError(400, "INVALID_FIELD", located(text, at, message))


def no_relationship(text: str, at: int, name: str) -> ApiError:
    """Unknown parent in a field path."""
    message = (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, "
        f"be sure to append the '__r' after the custom relationship name. {_CUSTOM}"
    )
    return ApiError(400, "INVALID_FIELD", located(text, at, message))


def no_child(text: str, at: int, name: str) -> ApiError:
    """Unknown child list in FROM of a subquery."""
    message = (
        f"Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a custom "
        f"relationship, be sure to append the '__r' after the custom relationship name. {_CUSTOM}"
    )
    return ApiError(400, "INVALID_TYPE", located(text, at, message))


def no_object(text: str, at: int, name: str) -> ApiError:
    """Unknown sObject in FROM."""
    message = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, "
        f"be sure to append the '__c' after the entity name. {_CUSTOM}"
    )
    return ApiError(400, "INVALID_TYPE", located(text, at, message))


def refused(text: str, at: int, message: str, code: str = "INVALID_FIELD") -> ApiError:
    """Any other refusal at a place of the statement."""
    return ApiError(400, code, located(text, at, message))
