"""What accounts refuse."""

from mestore.kernel.errors import Conflict, NotFound, Refusal, TooMany, Unauthorized


class InvalidCredentials(Unauthorized):
    """The e-mail or the password is wrong; which of them is not said."""

    en = "The e-mail or the password is wrong. Check both and try again."
    es = "El correo o la contraseña no son correctos. Revísalos e intenta de nuevo."


class InvalidAccessToken(Unauthorized):
    """The access token is not ours, is too old, or its session has ended."""

    en = "This access token no longer works. Refresh it, or sign in again."
    es = "Este token de acceso ya no sirve. Renuévalo o inicia sesión de nuevo."

    def headers(self) -> dict[str, str]:
        """Return the challenge of RFC 6750 section 3.1, which tells clients to refresh."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class InvalidRefreshToken(Unauthorized):
    """The refresh token is unknown, spent or too old, or its session has ended."""

    en = "This refresh token no longer works. Sign in again."
    es = "Este token de renovación ya no sirve. Inicia sesión de nuevo."


class AccountSuspended(Refusal):
    """The password is right, and the operator has suspended the account."""

    status = 403
    en = "This account is suspended. Write to support to have it reviewed."
    es = "Esta cuenta está suspendida. Escribe a soporte para que la revisen."


class AccountLocked(Refusal):
    """Too many failures in a row; not even the right password helps until the time is over."""

    status = 423
    en = "This account is locked after too many failures. Try again in {retry_after} seconds."
    es = "Esta cuenta está bloqueada por demasiados fallos. Intenta en {retry_after} segundos."


class AddressBlocked(TooMany):
    """Too many failed sign-ins from this network address."""

    en = "Too many failed sign-ins from your network. Try again in {retry_after} seconds."
    es = "Demasiados inicios de sesión fallidos desde tu red. Intenta en {retry_after} segundos."


class EmailTaken(Conflict):
    """Another account has this e-mail."""

    en = "There is an account with this e-mail. Sign in, or use another e-mail."
    es = "Ya hay una cuenta con este correo. Inicia sesión o usa otro correo."


class UsernameTaken(Conflict):
    """Another account has this user name."""

    en = "This user name is taken. Choose another."
    es = "Este nombre de usuario ya existe. Elige otro."


class SessionNotFound(NotFound):
    """The caller has no such open session."""

    en = "You have no such open session. GET /auth/sessions lists yours."
    es = "No tienes esa sesión abierta. GET /auth/sessions muestra las tuyas."
