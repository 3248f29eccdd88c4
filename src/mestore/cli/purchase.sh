API=http://127.0.0.1:8000/api/v1
JSON='Content-Type: application/json'
field() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
TOKEN=$(curl -s $API/auth/login -H "$JSON" -d '{"email": "comprador@example.com", "password": "Ejemplo2026"}' | field '["access_token"]')
PRODUCT=$(curl -s "$API/products?search=cafe&in_stock=true&per_page=1" | field '["products"][0]["id"]')
curl -s $API/cart/items -H "$JSON" -H "Authorization: Bearer $TOKEN" -d '{"product_id": "'$PRODUCT'", "quantity": 1}'
ORDER=$(curl -s $API/orders -H "$JSON" -H "Authorization: Bearer $TOKEN" -d '{"shipping_name": "Persona Ejemplo", "shipping_phone": "3001234567", "shipping_address": "Calle 100 # 8A - 55", "shipping_city": "Bogotá, D.C.", "shipping_state": "Bogotá, D.C."}' | field '["id"]')
BANK=$(curl -s $API/payments/process -H "$JSON" -H "Authorization: Bearer $TOKEN" -d '{"order_id": '$ORDER', "payment_method": "PSE", "payment_data": {"user_type": 0, "user_legal_id_type": "CC", "user_legal_id": "1020304050", "financial_institution_code": "1", "full_name": "Persona Ejemplo", "phone_number": "3001234567"}}' | field '["payment_url"]')
curl -s -X POST "$BANK/approve"
for _ in $(seq 60); do STATUS=$(curl -s $API/orders/$ORDER -H "Authorization: Bearer $TOKEN" | field '["status"]'); [ "$STATUS" = PENDING ] && sleep 1 || break; done; echo $STATUS
