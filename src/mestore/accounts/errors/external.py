"""What signing in through an outside provider refuses."""

from mestore.kernel.errors import Conflict, Invalid, NotFound, Unauthorized, Unavailable


class UnknownProvider(NotFound):
    """The operator has set up no provider of this name."""

    en = "There is no such sign-in provider. GET /auth/oidc lists them."
    es = "No existe ese proveedor. GET /auth/oidc los muestra."


class RedirectNotAllowed(Invalid):
    """The redirect_uri is not one of those that the operator allows, letter by letter."""

    en = "This redirect_uri is not allowed. The operator lists them in OIDC_REDIRECT_URIS."
    es = "Esta redirect_uri no está permitida. El operador las define en OIDC_REDIRECT_URIS."


class InvalidExternalState(Unauthorized):
    """The state is not ours, was used, took too long, or belongs to something else."""

    en = "This sign-in was finished or took too long. Begin again."
    es = "Este inicio de sesión ya terminó o tardó demasiado. Empieza de nuevo."


class ExternalSignInRefused(Unauthorized):
    """The provider does not confirm the code, or what it answers is not good."""

    en = "The provider did not confirm this sign-in. Begin again."
    es = "El proveedor no confirmó este inicio de sesión. Empieza de nuevo."


class ProviderUnavailable(Unavailable):
    """The provider does not answer, or not as it should."""

    en = "The sign-in provider does not answer. Try again shortly, or use your password."
    es = "El proveedor no responde. Intenta en un momento, o usa tu contraseña."


class ExternalEmailUnverified(Conflict):
    """The provider does not vouch for the e-mail, so nothing can be linked or made by it."""

    en = "The provider has not verified your e-mail. Verify it there, or sign in by password here."
    es = "El proveedor no ha verificado tu correo. Verifícalo allá, o usa tu contraseña aquí."


class AccountEmailUnverified(Conflict):
    """An account has this e-mail, and nobody has proved to us that it is theirs."""

    en = "An account has this e-mail, unverified. Reset its password by e-mail, then begin again."
    es = "Una cuenta tiene este correo sin verificar. Restablece su contraseña y empieza de nuevo."
