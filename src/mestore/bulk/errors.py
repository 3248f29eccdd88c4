"""What bulk work refuses."""

from mestore.kernel.errors import Conflict, Invalid, NotFound, Refusal


class JobNotFound(NotFound):
    """There is no such job for this caller."""

    en = "There is no such job, or it is not yours to see. GET /jobs lists yours."
    es = "No existe ese trabajo, o no está a tu alcance. GET /jobs lista los tuyos."


class JobEnded(Conflict):
    """The job ended, so there is nothing to cancel."""

    en = "The job is {state} already. Read GET /jobs/{{id}}/report for what became of its rows."
    es = "El trabajo ya está en {state}. Lee GET /jobs/{{id}}/report para ver sus filas."


class VendorRequired(Invalid):
    """Staff must say whose products are meant."""

    en = "Say whose products these are: add vendor_id=, an id of GET /vendors."
    es = "Indica de quién son los productos: agrega vendor_id=, un id de GET /vendors."


class FileExpected(Refusal):
    """The request holds no file."""

    status = 415
    en = 'Send multipart/form-data with the field `file`, or JSON {{"{name}": [...]}}.'
    es = 'Envía multipart/form-data con el campo `file`, o JSON {{"{name}": [...]}}.'


class UnsupportedFile(Refusal):
    """The content is neither a table nor JSON."""

    status = 415
    en = "The file is no CSV, XLSX or JSON by its content. Save it as one of these."
    es = "El archivo no es CSV, XLSX ni JSON por su contenido. Guárdalo en uno de estos formatos."


class FileTooLarge(Refusal):
    """The file, or what it unpacks to, has too many bytes."""

    status = 413
    en = "The {what} may have {limit_bytes} bytes at most. Split it, or leave columns out."
    es = "El {what} admite máximo {limit_bytes} bytes. Divídelo o quita columnas."


class PicturesUnreadable(Invalid):
    """The pictures are in no ZIP that can be read."""

    en = "`images` must be a ZIP of at most {most} pictures, without a password."
    es = "`images` debe ser un ZIP de máximo {most} imágenes, sin contraseña."
