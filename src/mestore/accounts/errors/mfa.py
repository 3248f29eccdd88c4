"""What the second factor refuses."""

from mestore.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized


class MfaEnrollmentRequired(Forbidden):
    """The caller's role needs two-step sign-in, and it is not on yet."""

    en = "Your role needs two-step sign-in. Turn it on: POST /auth/mfa/enable, then verify a code."
    es = "Tu rol exige la verificación en dos pasos. Actívala en POST /auth/mfa/enable."


class MfaAlreadyEnabled(Conflict):
    """Two-step sign-in is on already."""

    en = "Two-step sign-in is on. To use another device, turn it off first."
    es = "La verificación en dos pasos ya está activa. Para usar otro dispositivo, apágala primero."


class MfaNotEnabled(Conflict):
    """Two-step sign-in is off, or not even begun."""

    en = "Two-step sign-in is off. Begin with POST /auth/mfa/enable."
    es = "La verificación en dos pasos está apagada. Empieza con POST /auth/mfa/enable."


class InvalidMfaToken(Unauthorized):
    """The mfa_token is not ours, too old, or used; or the account changed since it was given."""

    en = "This sign-in was finished or took too long. Sign in with your password again."
    es = "Este inicio de sesión ya terminó o tardó demasiado. Escribe tu contraseña de nuevo."


class InvalidMfaCode(Unauthorized):
    """The code that should finish a sign-in is wrong, too old, or used."""

    en = "This code is wrong or was used. Wait for the next one, or use a backup code."
    es = "Este código no es correcto o ya se usó. Espera el siguiente o usa uno de respaldo."


class InvalidMfaProof(Invalid):
    """A signed-in user sent a wrong password or code; which of them is not said."""

    en = "The password or the code is wrong, or the code was used. Check both and try again."
    es = "La contraseña o el código no es correcto, o el código ya se usó. Revísalos e intenta."


class InvalidPasskey(Unauthorized):
    """The passkey is unknown, or what it signed is not what was asked of it."""

    en = "This passkey was not accepted. Ask for new options and try again."
    es = "Esta llave de acceso no fue aceptada. Pide nuevas opciones e intenta de nuevo."


class PasskeyRejected(Invalid):
    """The new passkey does not answer the challenge that was given for it."""

    en = "This passkey could not be added. Ask for new options and try again."
    es = "No se pudo agregar esta llave de acceso. Pide nuevas opciones e intenta de nuevo."


class PasskeyTaken(Conflict):
    """This passkey is registered already."""

    en = "This passkey is registered already. Use another authenticator."
    es = "Esta llave de acceso ya está registrada. Usa otro autenticador."


class TooManyPasskeys(Conflict):
    """The user has as many passkeys as one may have."""

    en = "You have {most} passkeys, as many as one may have. Delete one first."
    es = "Tienes {most} llaves de acceso, el máximo permitido. Elimina una primero."


class PasskeyNotFound(NotFound):
    """The caller has no such passkey."""

    en = "You have no such passkey. GET /auth/passkeys lists yours."
    es = "No tienes esa llave de acceso. GET /auth/passkeys muestra las tuyas."
