"""The page on which a simulator asks a person how a payment ends, as it looks everywhere."""

from jinja2 import DictLoader, Environment, Template

_LAYOUT = """<!doctype html>
<html lang="es">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{% block title %}{% endblock %}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; background: #eef1f6; color: #1c2430; margin: 0; }
main { max-width: 28rem; margin: 3rem auto; padding: 2rem; background: #fff;
       border-radius: .75rem; box-shadow: 0 1px 4px #0003; }
h1 { font-size: 1.25rem; margin: 0 0 1rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; }
dt { color: #5a6678; }
dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
button { width: 100%; margin-top: .5rem; padding: .75rem; font: inherit; border-radius: .5rem;
         border: 1px solid #8b96a8; background: #fff; color: inherit; cursor: pointer; }
button.approve { background: #14713f; border-color: #14713f; color: #fff; }
button.decline { background: #a3262a; border-color: #a3262a; color: #fff; }
small { display: block; margin-top: 1.5rem; color: #5a6678; }
</style>
</head>
<body>
<main>
{% block asked %}{% endblock %}
</main>
</body>
</html>
"""
_PAGES = Environment(autoescape=True, loader=DictLoader({"layout": _LAYOUT}))


def page(title: str, asked: str) -> Template:
    """Return the page that asks this; both texts are templates."""
    return _PAGES.from_string(
        '{% extends "layout" %}{% block title %}'
        f"{title}{{% endblock %}}{{% block asked %}}{asked}{{% endblock %}}"
    )
