"""What accounts refuse about users, permissions and API keys."""

from mestore.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized


class InvalidApiKey(Unauthorized):
    """The API key is not ours, has expired or was revoked, or its user may not sign in."""

    en = "This API key does not work. Make a new one with POST /auth/api-keys."
    es = "Esta clave de API no sirve. Crea una nueva con POST /auth/api-keys."

    def headers(self) -> dict[str, str]:
        """Return the challenge of RFC 6750 section 3.1."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class ApiKeyNotAllowed(Forbidden):
    """API keys cannot do this; a person has to sign in."""

    en = "An API key cannot do this. Sign in and use the access token."
    es = "Una clave de API no puede hacer esto. Inicia sesión y usa el token de acceso."


class RecentSignInRequired(Forbidden):
    """The sign-in is too old for this."""

    en = "Sign in again, then repeat this within {minutes} minutes: it needs a fresh sign-in."
    es = "Inicia sesión de nuevo y repite antes de {minutes} minutos: exige un ingreso reciente."


class ApiKeyNotFound(NotFound):
    """The caller has no such API key."""

    en = "You have no such API key. GET /auth/api-keys lists yours."
    es = "No tienes esa clave de API. GET /auth/api-keys muestra las tuyas."


class TooManyApiKeys(Conflict):
    """The user has as many keys as one may have."""

    en = "You have {most} API keys already. Revoke one first."
    es = "Ya tienes {most} claves de API. Revoca una primero."


class PermissionNotHeld(Forbidden):
    """Nobody passes on a permission that they do not have."""

    en = "You do not have these permissions yourself: {permissions}."
    es = "Tú mismo no tienes estos permisos: {permissions}."


class UserNotFound(NotFound):
    """There is no such user, or none that the caller may see."""

    en = "There is no such user, or it is not yours to see."
    es = "No existe ese usuario, o no está a tu alcance."


class RoleTooHigh(Forbidden):
    """The user's role is not below the caller's."""

    en = "You may only act on users whose role is below yours."
    es = "Solo puedes actuar sobre usuarios con un rol inferior al tuyo."


class NotOnYourself(Conflict):
    """An operator cannot do this to their own account."""

    en = "You cannot do this to your own account. Ask another administrator."
    es = "No puedes hacer esto con tu propia cuenta. Pídelo a otro administrador."


class LastSuperuser(Conflict):
    """Without this user nobody could administer the marketplace."""

    en = "This is the last active superuser. Make another one first."
    es = "Es el último superusuario activo. Crea otro primero."


class AccountErased(Conflict):
    """The account was erased; there is nobody left to act on."""

    en = "This account was erased and cannot be changed any more."
    es = "Esta cuenta fue eliminada y ya no se puede cambiar."


class OpenVendorOrders(Conflict):
    """A vendor with orders under way cannot be erased: a contract still needs the data."""

    en = "Your shop has {orders} open orders. Deliver or cancel them first."
    es = "Tu tienda tiene {orders} pedidos abiertos. Entrégalos o cancélalos primero."


class BulkUpdateRefused(Conflict):
    """One of the users could not be changed, so none was."""

    en = "Nothing was changed, because some users cannot be. See `results`."
    es = "Nada cambió, porque algunos usuarios no se pueden cambiar. Mira `results`."


class ExpiryInThePast(Invalid):
    """Something is to expire before now."""

    en = "expires_at has to lie in the future."
    es = "expires_at debe estar en el futuro."


class PeriodTooLong(Invalid):
    """A period ends before it begins, or is longer than one may ask for."""

    en = "A period begins before it ends and has at most {days} days."
    es = "Un período empieza antes de terminar y tiene máximo {days} días."
