"""Registers the schedulable local stack with ZenML; idempotent."""

from __future__ import annotations

from typing import Any

from zenml.client import Client
from zenml.enums import StackComponentType
from zenml.models import FlavorUpdate

from stacks.local.orchestrator import FLAVOR_NAME, LocalCronFlavor

STACK_NAME = "local_cron"
FLAVOR_SOURCE = f"{LocalCronFlavor.__module__}.{LocalCronFlavor.__qualname__}"


def set_up_stack() -> list[str]:
    """Register the flavor, the orchestrator and the stack ``local_cron``, and repair those that are wrong.

    The stack uses the default artifact store. The active stack does not change.

    Returns:
        What was done, one sentence each; empty when nothing had to be done.
    """
    client = Client()
    done = _set_up_flavor(client)
    orchestrator, new = _set_up_orchestrator(client)
    return done + new + _set_up_stack(client, orchestrator)


def _set_up_flavor(client: Client) -> list[str]:
    found = client.list_flavors(name=FLAVOR_NAME, type=StackComponentType.ORCHESTRATOR).items
    if not found:
        client.create_flavor(FLAVOR_SOURCE, StackComponentType.ORCHESTRATOR)
        return [f"Registered the orchestrator flavor {FLAVOR_NAME!r}."]
    if found[0].source == FLAVOR_SOURCE:
        return []
    # updated in place: ZenML refuses to delete a flavor that orchestrators use, and those orchestrators have to work again
    update = FlavorUpdate(source=FLAVOR_SOURCE, config_schema=LocalCronFlavor().config_schema)
    client.zen_store.update_flavor(found[0].id, update)
    return [f"Updated the orchestrator flavor {FLAVOR_NAME!r}, which pointed to {found[0].source}."]


def _set_up_orchestrator(client: Client) -> tuple[Any, list[str]]:
    found = client.list_stack_components(name=STACK_NAME, type=StackComponentType.ORCHESTRATOR).items
    if found and found[0].flavor_name == FLAVOR_NAME:
        return found[0], []
    if found:
        # an orchestrator of another flavor has the name
        client.update_stack_component(found[0].id, StackComponentType.ORCHESTRATOR, name=f"{STACK_NAME}-{found[0].id.hex[:8]}")
    created = client.create_stack_component(
        name=STACK_NAME, flavor=FLAVOR_NAME, component_type=StackComponentType.ORCHESTRATOR, configuration={}
    )
    return created, [f"Registered the orchestrator {STACK_NAME!r}."]


def _set_up_stack(client: Client, orchestrator: Any) -> list[str]:
    found = client.list_stacks(name=STACK_NAME, hydrate=True).items
    if not found:
        store = client.list_stack_components(name="default", type=StackComponentType.ARTIFACT_STORE).items[0]
        components = {StackComponentType.ORCHESTRATOR: orchestrator.id, StackComponentType.ARTIFACT_STORE: store.id}
        client.create_stack(name=STACK_NAME, components=components)
        return [f"Registered the stack {STACK_NAME!r}."]
    if [component.id for component in found[0].components[StackComponentType.ORCHESTRATOR]] == [orchestrator.id]:
        return []
    client.update_stack(found[0].id, component_updates={StackComponentType.ORCHESTRATOR: [orchestrator.id]})
    return [f"Restored the orchestrator of the stack {STACK_NAME!r}."]
