"""What commissions refuse."""

from mestore.kernel.errors import Conflict, Invalid, NotFound


class RuleNotFound(NotFound):
    """There is no such rule."""

    en = "There is no such commission rule. List them at GET /admin/commission-rules."
    es = "No existe esa regla de comisión. Consúltalas en GET /admin/commission-rules."


class PlanNotFound(NotFound):
    """There is no such plan."""

    en = "There is no such commission plan. List them at GET /admin/commission-plans."
    es = "No existe ese plan de comisiones. Consúltalos en GET /admin/commission-plans."


class UnknownInRule(Invalid):
    """A rule names something that does not exist."""

    en = "{field} names what does not exist: {unknown}. Nothing was saved; correct it and retry."
    es = "{field} nombra lo que no existe: {unknown}. No se guardó nada; corrígelo y reintenta."


class RuleOrderMismatch(Invalid):
    """The new order is not made of the rules that there are."""

    en = "Send the ids of all rules, each once. Unknown: {unknown}. Missing: {missing}."
    es = (
        "Envía los ids de todas las reglas, cada uno una vez. Sobran: {unknown}. Faltan: {missing}."
    )


class TooManyRules(Conflict):
    """There are as many rules as an order can be held against."""

    en = "There are {most} rules already. Delete one that is no longer needed."
    es = "Ya hay {most} reglas. Elimina una que ya no haga falta."


class PlanNameTaken(Conflict):
    """Another plan has this name."""

    en = "Another plan has this name. Choose another one."
    es = "Otro plan tiene este nombre. Elige otro."


class PlanInUse(Conflict):
    """Vendors or rules refer to the plan."""

    en = "{vendors} vendors and {rules} rules refer to this plan. Move them to another one first."
    es = "{vendors} vendedores y {rules} reglas usan este plan. Pásalos primero a otro."


class UnknownInSimulation(Invalid):
    """The sale to try out names something that does not exist, or is another vendor's."""

    en = "{field} names what does not exist here: {unknown}. Correct it and try again."
    es = "{field} nombra lo que no existe aquí: {unknown}. Corrígelo e intenta de nuevo."
