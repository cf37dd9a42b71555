"""HTML from the Jinja templates that lie beside our modules."""

from __future__ import annotations

from functools import cache

import jinja2


def render(package: str, template: str, **values: object) -> str:
    """Render a template, with every value escaped.

    Args:
        package: the package whose folder holds the template, such as ``redaction.evaluation``.
        template: its file name.
        values: the variables and functions that the template uses; one that is missing is an error.
    """
    return _environment(package).get_template(template).render(values)


@cache
def _environment(package: str) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package, ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
