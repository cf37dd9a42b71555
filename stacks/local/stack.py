"""Register the schedulable local stack with ZenML; again and again without harm."""

from __future__ import annotations

from typing import Any

from zenml.client import Client
from zenml.enums import StackComponentType

from stacks.local.orchestrator import FLAVOR, LocalCronFlavor

STACK = "local_cron"
SOURCE = f"{LocalCronFlavor.__module__}.{LocalCronFlavor.__qualname__}"


def set_up_stack() -> list[str]:
    """Flavor, orchestrator and stack ``local_cron`` on the default artifact store, whatever part of them is missing or wrong.

    The active stack stays what it is.

    Returns:
        What was done, one sentence each; empty when all was there already.
    """
    client = Client()
    done = [*_flavor(client)]
    orchestrator, new = _orchestrator(client)
    done += new
    return done + _stack(client, orchestrator)


def _flavor(client: Client) -> list[str]:
    found = client.list_flavors(name=FLAVOR, type=StackComponentType.ORCHESTRATOR).items
    if found and found[0].source == SOURCE:
        return []
    if found:
        client.delete_flavor(str(found[0].id))
    client.create_flavor(SOURCE, StackComponentType.ORCHESTRATOR)
    return [f"Registered the orchestrator flavor {FLAVOR!r}."]


def _orchestrator(client: Client) -> tuple[Any, list[str]]:
    found = client.list_stack_components(name=STACK, type=StackComponentType.ORCHESTRATOR).items
    if found and found[0].flavor_name == FLAVOR:
        return found[0], []
    if found:
        client.update_stack_component(found[0].id, StackComponentType.ORCHESTRATOR, name=f"{STACK}-{found[0].id.hex[:8]}")
    created = client.create_stack_component(
        name=STACK, flavor=FLAVOR, component_type=StackComponentType.ORCHESTRATOR, configuration={}
    )
    return created, [f"Registered the orchestrator {STACK!r}."]


def _stack(client: Client, orchestrator: Any) -> list[str]:
    found = client.list_stacks(name=STACK, hydrate=True).items
    if not found:
        store = client.list_stack_components(name="default", type=StackComponentType.ARTIFACT_STORE).items[0]
        components = {StackComponentType.ORCHESTRATOR: orchestrator.id, StackComponentType.ARTIFACT_STORE: store.id}
        client.create_stack(name=STACK, components=components)
        return [f"Registered the stack {STACK!r}."]
    if [component.id for component in found[0].components[StackComponentType.ORCHESTRATOR]] == [orchestrator.id]:
        return []
    client.update_stack(found[0].id, component_updates={StackComponentType.ORCHESTRATOR: [orchestrator.id]})
    return [f"Gave the stack {STACK!r} its orchestrator back."]
