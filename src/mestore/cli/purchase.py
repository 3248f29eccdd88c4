"""The purchase that `mestore demo` prints: lines to paste into a shell, one after the other."""

import shutil

BUYER = "comprador@example.com"
ADMIN = "admin@example.com"
PASSWORD = "Ejemplo2026"  # noqa: S105  a published sample password

# For machines without curl: the same few options over Python's standard library.
_CURL = r"""curl() { python3 -c '
import sys, urllib.error, urllib.request
words, headers, method, data, url = sys.argv[1:], {}, None, None, ""
while words:
    word = words.pop(0)
    if word == "-H": name, _, value = words.pop(0).partition(": "); headers[name] = value
    elif word == "-d": data = words.pop(0).encode()
    elif word == "-X": method = words.pop(0)
    elif not word.startswith("-"): url = word
request = urllib.request.Request(url, data, headers, method=method)
try: answer = urllib.request.urlopen(request)
except urllib.error.HTTPError as error: answer = error
sys.stdout.write(answer.read().decode())
' "$@"; }"""

_LINES = r"""API=%(base_url)s/api/v1
JSON='Content-Type: application/json'
field() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
TOKEN=$(curl -s $API/auth/login -H "$JSON" -d '{"email": "%(buyer)s", "password": "%(password)s"}' | field '["access_token"]')
PRODUCT=$(curl -s "$API/products?search=cafe&in_stock=true&per_page=1" | field '["products"][0]["id"]')
curl -s $API/cart/items -H "$JSON" -H "Authorization: Bearer $TOKEN" -d '{"product_id": "'$PRODUCT'", "quantity": 1}'
ORDER=$(curl -s $API/orders -H "$JSON" -H "Authorization: Bearer $TOKEN" -d '{"shipping_name": "Persona Ejemplo", "shipping_phone": "3001234567", "shipping_address": "Calle 100 # 8A - 55", "shipping_city": "Bogotá, D.C.", "shipping_state": "Bogotá, D.C."}' | field '["id"]')
BANK=$(curl -s $API/payments/process -H "$JSON" -H "Authorization: Bearer $TOKEN" -d '{"order_id": '$ORDER', "payment_method": "PSE", "payment_data": {"user_type": 0, "user_legal_id_type": "CC", "user_legal_id": "1020304050", "financial_institution_code": "1", "full_name": "Persona Ejemplo", "phone_number": "3001234567"}}' | field '["payment_url"]')
curl -s -X POST "$BANK/approve"
sleep 2; curl -s $API/orders/$ORDER -H "Authorization: Bearer $TOKEN" | field '["status"]'"""


def purchase(base_url: str, *, with_curl: bool | None = None) -> str:
    """Return the shell lines of one purchase, paid by PSE at the simulated bank."""
    has_curl = shutil.which("curl") is not None if with_curl is None else with_curl
    lines = _LINES % {"base_url": base_url, "buyer": BUYER, "password": PASSWORD}
    return lines if has_curl else f"{_CURL}\n{lines}"
