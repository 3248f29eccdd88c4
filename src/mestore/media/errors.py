"""What is refused of pictures."""

from mestore.kernel.errors import Invalid, NotFound, Refusal, Unavailable


class UnsupportedImage(Refusal):
    """The content is none of the kinds of pictures that are taken."""

    status = 415
    en = "File {file} is no JPEG, PNG, WebP, GIF or AVIF picture. Send one of these."
    es = "El archivo {file} no es una imagen JPEG, PNG, WebP, GIF o AVIF. Envía una de estas."


class UploadExpected(Refusal):
    """The body is not a form with files in it."""

    status = 415
    en = "Send the files as multipart/form-data, each in a field `file` or `files`."
    es = "Envía los archivos como multipart/form-data, cada uno en un campo `file` o `files`."


class ImageTooLarge(Refusal):
    """One file has more bytes than a picture may have."""

    status = 413
    en = "File {file} has more than {limit_bytes} bytes. Send a smaller picture."
    es = "El archivo {file} tiene más de {limit_bytes} bytes. Envía una imagen más pequeña."


class ImageDimensions(Invalid):
    """The picture has too few or too many pixels."""

    en = (
        "File {file} has {width}x{height} pixels. Each side must have {least} to {most}, "
        "and all of it at most {pixels} pixels."
    )
    es = (
        "El archivo {file} tiene {width}x{height} píxeles. Cada lado debe tener de {least} a "
        "{most}, y en total máximo {pixels} píxeles."
    )


class ImageDamaged(Invalid):
    """The picture cannot be read to its end."""

    en = "File {file} is damaged or cut off. Export the picture again and send that."
    es = "El archivo {file} está dañado o incompleto. Exporta la imagen de nuevo y envíala."


class BlobMissing(NotFound):
    """The store has nothing under the key."""

    en = "There is no such file."
    es = "No existe ese archivo."


class BlobRefused(Invalid):
    """The store looked at the file and does not take it; sending it again changes nothing."""

    en = "The store of pictures does not take this picture: {reason}. Send a smaller one."
    es = "El almacén de imágenes no acepta esta imagen: {reason}. Envía una más pequeña."


class StorageUnavailable(Unavailable):
    """The store does not answer, or refuses everything; what was sent may have been kept."""

    en = "The store of pictures does not answer. Nothing was changed; try again shortly."
    es = "El almacén de imágenes no responde. Nada cambió; intenta de nuevo en un momento."
