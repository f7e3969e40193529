"""The door that ends TLS itself is one that nginx accepts."""

import datetime
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from onebox.front_door import Parts, write_door
from onebox.ports import DEFAULT_PORTS

PLACES = {name: f"127.0.0.1:{port}" for name, port in DEFAULT_PORTS.items()}


def certificate(folder: Path) -> dict[str, str]:
    """The settings of a door with a certificate that it signed itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name.from_rfc4514_string("CN=shop.example")
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "chain.pem").write_bytes(signed.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, no_password))
    return {
        "AIGUY_GATEWAY_DOOR": "tls", "AIGUY_GATEWAY_CERTIFICATE": str(folder / "chain.pem"),
        "AIGUY_GATEWAY_CERTIFICATE_KEY": str(folder / "key.pem"),
    }  # fmt: skip


def test_nginx_accepts_the_configuration_with_tls(parts: Parts, tmp_path: Path) -> None:
    command = write_door(parts, tmp_path / "door", "127.0.0.1:8443", PLACES, certificate(tmp_path))
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr + (tmp_path / "door" / "error.log").read_text()
