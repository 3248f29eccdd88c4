from tests.checkout.program import app as app
from tests.checkout.program import database as database
from tests.checkout.program import program as program
from tests.checkout.program import run_jobs as run_jobs
from tests.checkout.program import till as till
from tests.checkout.program import wompi_base_url as wompi_base_url
