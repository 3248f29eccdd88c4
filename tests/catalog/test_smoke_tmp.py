import json
import httpx2, pytest
from fastapi import FastAPI
from mestore.catalog.views.totals import Totals
from mestore.inventory.service import OpeningStockBook
from mestore.kernel.db import Database
from tests.build import Build
from tests.conftest import SignIn

@pytest.fixture
def app(app: FastAPI, database: Database) -> FastAPI:
    app.state.totals = Totals()
    database.touch_listeners.append(app.state.totals.touch)
    app.state.opening_stock = OpeningStockBook()
    return app

async def test_smoke(client: httpx2.AsyncClient, build: Build, sign_in: SignIn, statements: list[str]) -> None:
    vendor = await build.vendor()
    category = await build.category()
    me = await sign_in(vendor.owner.email)
    r = await client.post("/products", headers=me, json={"name":"Piñata BOGOTÁ", "sku":"A-1","precio_venta":45000.5,"stock":7,"tags":["Línea Blanca","x"],"metadata":{"a":[1,"ñ"]},"weight":0.19,"dimensions":{"length":10,"width":5.5,"height":2},"category_id":category.slug,"brand":"Cóndor","cost_price":100})
    print(json.dumps(r.json(), indent=1, ensure_ascii=False), r.headers)
    assert r.status_code == 201, r.text
    statements.clear()
    r = await client.get("/products")
    print(r.text[:300], r.json()["pagination"], len(statements))
    for s in statements: print(s)
    assert r.status_code == 200, r.text
    for q in ["search=pinata","search=blanca condor","tags=linea blanca","brand=CONDOR","category="+category.slug,"category="+str(category.id),"min_price=45000&max_price=45001","in_stock=true","min_rating=0","created_from=2020-01-01&created_to=2030-01-01T00:00:00Z","is_featured=false","vendor="+str(vendor.id)]:
        r = await client.get("/products?"+q)
        assert r.status_code == 200, r.text
        assert r.json()["pagination"]["total"] == 1, q
    for q in ["search=zzz","tags=blanca","brand=otro","min_price=45001","in_stock=false","min_rating=1","created_from=2030-01-01","is_featured=true"]:
        r = await client.get("/products?"+q)
        assert r.status_code == 200, r.text
        assert r.json()["pagination"]["total"] == 0, q
    for q in ["sort=foo","status=FOO","in_stock=maybe","category=nope","page=0","per_page=0","per_page=101","cursor=xx","vendor=1","min_price=-1","search=%00"]:
        r = await client.get("/products?"+q)
        print(q, r.status_code, r.text[:200])
        assert r.status_code == 422, (q, r.text)
    r = await client.get("/products/pinata-bogota")
    assert r.status_code == 200
    print(r.headers)
