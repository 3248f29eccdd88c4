"""What vendors refuse."""

from mestore.kernel.errors import Conflict, Forbidden, NotFound


class VendorNotFound(NotFound):
    """There is no such vendor for this caller."""

    en = "There is no such vendor, or its shop is not open."
    es = "No existe ese vendedor, o su tienda no está abierta."


class NotAVendor(Forbidden):
    """The caller sells nothing here."""

    en = "Only vendors may do this. Register at POST /vendors/register."
    es = "Solo los vendedores pueden hacer esto. Regístrate en POST /vendors/register."


class NotYourShop(Forbidden):
    """The shop belongs to somebody else."""

    en = "This is another vendor's shop. PUT /vendors/profile changes your own."
    es = "Esta tienda es de otro vendedor. PUT /vendors/profile cambia la tuya."


class NitTaken(Conflict):
    """Another vendor has this NIT."""

    en = "A vendor with this NIT is registered. Sign in with its account, or check the number."
    es = "Ya hay un vendedor con este NIT. Inicia sesión con su cuenta o revisa el número."
