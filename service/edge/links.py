"""Short signed paths: nginx lets them through until they expire, without asking anybody."""

import base64
import hashlib


def signed_path(file: str, secret: str, expires_s: int) -> str:
    """The path under which nginx serves a private file until then; ``file`` is ``<show>/<name>``.

    MD5 is what nginx's secure_link knows; a path lives for minutes and the secret has 128 bits or more.
    """
    digest = hashlib.md5(f"{expires_s}/{file} {secret}".encode(), usedforsecurity=False).digest()
    signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return f"/s/{signature}/{expires_s}/{file}"
