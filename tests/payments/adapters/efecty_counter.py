"""What Efecty's network would send to the agreement of the tests."""

import json

from mestore.payments.vouchers import EfectyPolicy
from simulators.efecty.messages import now_in_bogota, signed

SECRET = "a secret of the tests"  # noqa: S105  made up
POLICY = EfectyPolicy(secret=SECRET, convenio="990014", gln="7700000000002")


def forged(reference: str) -> bytes:
    """A message that somebody else signed."""
    fields = json.loads(message(reference))
    del fields["firma"]
    return json.dumps(signed(fields, "of somebody else")).encode()


def message(reference: str, **changes: str | int) -> bytes:
    """A signed message about a payment of 65,000 pesos."""
    fields: dict[str, str | int] = {
        "convenio": "990014",
        "referencia": reference,
        "valor": 65000,
        "fecha": now_in_bogota(),
        "autorizacion": "A1",
        "punto": "Punto 7, Cúcuta",
    }
    return json.dumps(signed(fields | changes, SECRET)).encode()
