"""The sync request as the OpenAPI document describes it; `service.sync.routes` reads it itself, byte for byte."""

from typing import Any

_INT = {"type": "integer", "minimum": -(2**53 - 1), "maximum": 2**53 - 1}
_NAME = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[^\\x00-\\x1f]+$"}

REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["v", "device_id", "log_epoch", "sent", "records"],
                "properties": {
                    "v": {"type": "integer", "enum": [1]},
                    "device_id": {**_NAME, "description": "The device that the token proves."},
                    "log_epoch": _NAME,
                    "sent": {
                        "type": "object",
                        "required": ["wall_ms"],
                        "properties": {"wall_ms": _INT},
                        "description": "Stamped afresh at every attempt; boot_id and mono_ms where there are any.",
                    },
                    "records": {
                        "type": "array",
                        "maxItems": 500,
                        "description": "Records of the device's log. A bad one never fails its batch.",
                    },
                },
            }
        }
    },
}
