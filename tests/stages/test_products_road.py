"""From a changed item to the CRM's product and back, over both emulators and a real hub: what the pairing grants, once, and no more."""

from __future__ import annotations

from typing import Any

from crosswalk.hub.modes import set_mode
from crosswalk.stages.deliver import deliver
from crosswalk.stages.gate import Release, gate
from crosswalk.stages.plan import plan
from crosswalk.stages.pull import pull
from crosswalk.stages.settle import settle
from crosswalk_sandbox.kernel.faults import FaultKind, FaultRule
from tests.stages.world import World

FLOWS = ("products_to_erp", "products_to_crm")
WRITES = ("POST", "PATCH", "PUT", "DELETE")


def live(world: World, **policy: Any) -> World:
    """Let the product flows write, under the shipped policy with these changes."""
    phases = {**world.pairing.phases, "products": world.pairing.phases["products"].model_copy(update={"mode": "live"})}
    products = world.pairing.products.model_copy(update=policy)
    world.pairing = world.pairing.model_copy(update={"phases": phases, "products": products})
    return world


def writes(world: World) -> int:
    """Return how many writing requests either vendor has seen, our queries (which are POSTs) left out."""
    return sum(
        row["count"]
        for vendor in world.vendors.values()
        for row in vendor.log.snapshot()["counts"]
        if row["method"] in WRITES and not any(word in row["path"] for word in ("suiteql", "oauth2", "/Soap", "/jobs/"))
    )


def products(world: World, **wanted: object) -> dict[str, dict[str, Any]]:
    """Return the CRM's products by id, asked of the emulator."""
    client = world.connector("crm").client
    soql = "SELECT Id, Name, Description, IsActive, ProductCode, ERP_Id__c FROM Product2"
    found = {record["Id"]: dict(record) for record in client.query(soql).records}
    return {
        key: record for key, record in found.items() if all(record[name] == value for name, value in wanted.items())
    }


def edit_product(world: World, key: str, **values: object) -> None:
    """Change a product in the CRM as a person there would."""
    client = world.connector("crm").client
    client.transport.read_only = False
    client.send("PATCH", "composite/sobjects", {"records": [{"attributes": {"type": "Product2"}, "id": key, **values}]})


def linked(world: World) -> tuple[str, str]:
    """Return the keys of one linked, active product of an item that is kept in stock."""
    row = world.rows(
        """select c.key, e.key from hub.link_end c join hub.link_end e on e.link_id = c.link_id and e.system = 'netsuite'
             join hub.product p on p.system = 'salesforce' and p.key = c.key join hub.product i on i.system = 'netsuite' and i.key = e.key
            where c.system = 'salesforce' and c.entity = 'product' and p.is_active and i.is_active and i.product_type = 'inventory'
            order by c.key limit 1"""
    )[0]
    return str(row[0]), str(row[1])


def sent(counts: dict[str, dict[str, object]]) -> dict[str, tuple[object, object]]:
    return {flow: (counts[f"plan_{flow}"]["intents"], counts[f"deliver_{flow}"]["done"]) for flow in FLOWS}


NOTHING = dict.fromkeys(FLOWS, (0, 0))


def test_the_catalogues_agree_after_one_run_and_the_second_plans_nothing(catalogue_world: World) -> None:
    world = live(catalogue_world)
    first = sent(world.run_products())
    assert first["products_to_erp"] == (0, 0)
    planned, done = first["products_to_crm"]
    assert planned == done != 0
    world.pull_all("products")
    differing = world.rows(
        """select c.key from hub.link_end c join hub.link_end e on e.link_id = c.link_id and e.system = 'netsuite'
             join hub.product p on p.system = 'salesforce' and p.key = c.key join hub.product i on i.system = 'netsuite' and i.key = e.key
            where c.system = 'salesforce' and c.entity = 'product'
              and (p.name <> i.name or i.description is not null and p.description is distinct from i.description or p.is_active <> i.is_active)"""
    )
    lacking = world.rows(
        """select i.key from hub.product i where i.system = 'netsuite' and i.is_active and i.product_type <> 'other'
              and not exists (select 1 from hub.link_end l where l.entity = 'product' and l.system = i.system and l.key = i.key)
              and not exists (select 1 from hub.quarantine q where q.entity = 'product' and q.system = i.system and q.key = i.key and q.status = 'open')"""
    )
    assert (differing, lacking) == ([], [])
    before = writes(world)
    assert sent(world.run_products()) == NOTHING
    third = world.run_products()
    assert [third[f"plan_{flow}"]["considered"] for flow in FLOWS] == [0, len(world.rows(TROUBLED))]
    assert writes(world) == before


TROUBLED = "select key from hub.quarantine where entity = 'product' and system = 'netsuite' and stage = 'plan' and status = 'open'"


def test_an_items_new_name_and_its_end_reach_the_crm_and_do_not_come_back(catalogue_world: World) -> None:
    world = live(catalogue_world)
    world.run_products()
    product, item = linked(world)
    world.edit_item("inventoryItem", item, displayName="Renamed in the ERP", isInactive=True)
    assert sent(world.run_products())["products_to_crm"] == (1, 1)
    there = products(world)[product]
    assert (there["Name"], there["IsActive"]) == ("Renamed in the ERP", False)
    assert sent(world.run_products()) == NOTHING
    world.edit_item("inventoryItem", item, isInactive=False)
    assert sent(world.run_products())["products_to_crm"] == (1, 1)
    assert products(world)[product]["IsActive"] is True
    assert sent(world.run_products()) == NOTHING


NEW_ITEM = {"taxSchedule": {"id": "1"}, "subsidiary": {"items": [{"id": "1"}]}, "includeChildren": True}


def test_a_new_item_becomes_one_product_that_carries_its_id_even_when_the_reply_is_lost(catalogue_world: World) -> None:
    world = live(catalogue_world)
    world.run_products()
    item = world.new_item("nonInventorySaleItem", itemId="NEW-9", displayName="Brand new", **NEW_ITEM)
    world.pull_all("products")
    context = world.context()
    plan(context, "products_to_crm")
    gate(context, "products_to_crm")
    world.vendors["salesforce"].faults.add(
        FaultRule(FaultKind.LOST_REPLY, path=r"composite/sobjects", method="POST", count=1)
    )
    result = deliver(context, "products_to_crm")
    assert (result.done, result.adopted) == (1, 1)
    assert settle(context, "products_to_crm").linked == 1
    ((product, there),) = products(world, ERP_Id__c=item).items()
    assert (there["Name"], there["ProductCode"], there["IsActive"]) == ("Brand new", "NEW-9", True)
    assert sent(world.run_products()) == NOTHING
    assert list(products(world, ProductCode="NEW-9")) == [product]


def test_a_crm_edit_reaches_the_item_only_where_the_pairing_grants_it(catalogue_world: World) -> None:
    world = live(catalogue_world, fields={"name": "erp", "description": "either", "is_active": "erp"})
    world.run_products()
    product, item = linked(world)
    name = products(world)[product]["Name"]
    edit_product(world, product, Name="Marketing's own name", Description="Written by marketing")
    counts = sent(world.run_products())
    assert counts == {"products_to_erp": (1, 1), "products_to_crm": (1, 1)}
    (there,) = world.suiteql(f"select displayname, description from item where id = {item}")
    assert (there["displayname"], there["description"]) == (name, "Written by marketing")
    assert products(world)[product]["Name"] == name
    assert sent(world.run_products()) == NOTHING


def test_first_values_are_those_the_pairing_names_and_later_ones_the_masters(catalogue_world: World) -> None:
    world = live(catalogue_world, fields={"description": "erp"})
    first = world.pairing.matching.model_copy(update={"survivors": {"product": {"description": "crm"}}})
    world.pairing = world.pairing.model_copy(update={"matching": first})
    product, item = next(
        (key, row["ERP_Id__c"]) for key, row in products(world, IsActive=True).items() if row["ERP_Id__c"]
    )
    edit_product(world, product, Description="From the catalogue")
    world.edit_item("inventoryItem", item, description="From the warehouse")
    world.run_products()
    (there,) = world.suiteql(f"select description from item where id = {item}")
    assert there["description"] == products(world)[product]["Description"] == "From the catalogue"
    edit_product(world, product, Description="Edited later")
    assert sent(world.run_products()) == {"products_to_erp": (0, 0), "products_to_crm": (1, 1)}
    assert products(world)[product]["Description"] == "From the catalogue"


def test_a_field_both_sides_changed_waits_for_a_person_and_leaves_when_they_agree(catalogue_world: World) -> None:
    world = live(catalogue_world, fields={"description": "either"})
    world.run_products()
    product, item = linked(world)
    edit_product(world, product, Description="One thing")
    world.edit_item("inventoryItem", item, description="Another thing")
    before = writes(world)
    assert sent(world.run_products()) == NOTHING
    assert writes(world) == before
    conflict = "select field, hint from hub.quarantine where entity = 'product' and key = %s and status = 'open'"
    ((field, hint),) = world.rows(conflict, product)
    assert field == "description"
    assert "right value" in hint
    edit_product(world, product, Description="Another thing")
    assert sent(world.run_products()) == NOTHING
    assert world.rows(conflict, product) == []


def test_a_target_that_moved_is_not_overwritten_and_is_planned_anew(catalogue_world: World) -> None:
    world = live(catalogue_world)
    world.run_products()
    product, item = linked(world)
    world.edit_item("inventoryItem", item, displayName="New name")
    pull(world.context(), "erp", "product")
    context = world.context()
    plan(context, "products_to_crm")
    gate(context, "products_to_crm")
    world.vendors["salesforce"].clock.advance(2)
    edit_product(world, product, Description="Edited meanwhile")
    assert deliver(context, "products_to_crm").rejected == 1
    assert products(world)[product]["Description"] == "Edited meanwhile"
    world.run_products()
    assert products(world)[product]["Name"] == "New name"
    assert (
        world.rows("select key from hub.quarantine where entity = 'product' and key = %s and status = 'open'", item)
        == []
    )


def test_a_product_the_erp_refuses_is_quarantined_and_the_others_go_on(catalogue_world: World) -> None:
    world = live(
        catalogue_world, create_items="always", item={"itemType": "NonInvtPart", "subtype": "Sale", "subsidiary": "999"}
    )
    world.run_products()
    product, item = linked(world)
    new_product(world, Name="Sold first", ProductCode="NEW-1")
    live(world, fields={"name": "either"})
    edit_product(world, product, Name="Goes on")
    counts = world.run_products()
    assert counts["deliver_products_to_erp"]["rejected"] == 1
    assert world.suiteql(f"select displayname from item where id = {item}")[0]["displayname"] == "Goes on"
    refused = world.rows(
        "select message, hint from hub.quarantine where entity = 'product' and stage = 'deliver' and status = 'open'"
    )
    assert len(refused) == 1
    assert all(refused[0])
    assert world.run_products()["deliver_products_to_erp"]["rejected"] == 0
    live(world, item={**world.pairing.products.item, "subsidiary": "1"})
    assert world.run_products()["deliver_products_to_erp"]["done"] == 1
    ((found,),) = world.rows(
        "select target_key from hub.intent where operation = 'create' and flow = 'products_to_erp'"
    )
    assert [row["id"] for row in world.suiteql("select id from item where itemid = 'NEW-1'")] == [found]
    assert sent(world.run_products()) == NOTHING


def new_product(world: World, **values: object) -> str:
    """Create a product in the CRM as a person there would; returns its id."""
    client = world.connector("crm").client
    client.transport.read_only = False
    body = {"records": [{"attributes": {"type": "Product2"}, "IsActive": True, **values}]}
    return str(client.send("POST", "composite/sobjects", body)[0]["id"])


def test_a_new_product_becomes_an_item_on_request_only(catalogue_world: World) -> None:
    world = live(catalogue_world)
    product = new_product(world, Name="Sold first", ProductCode="NEW-1", Description="As sold")
    assert sent(world.run_products())["products_to_erp"] == (0, 0)
    assert sent(world.run_products(record_ids=[product]))["products_to_erp"] == (1, 1)
    (item,) = world.suiteql("select id, displayname, description, externalid from item where itemid = 'NEW-1'")
    assert (item["displayname"], item["description"], item["externalid"]) == (
        "Sold first",
        "As sold",
        f"SF-PRD-{product}",
    )
    assert sent(world.run_products(record_ids=[product])) == NOTHING


def test_shadow_sends_nothing_and_a_promotion_does(catalogue_world: World) -> None:
    world = catalogue_world
    counts = world.run_products()
    assert counts["gate_products_to_crm"]["shadowed"] == 0
    assert sent(counts)["products_to_crm"][1] == 0
    assert counts["plan_products_to_crm"]["intents"] != 0
    assert writes(world) == 0
    assert {row[0] for row in world.rows("select status from hub.intent")} == {"shadowed"}
    with world.hub.connection() as connection:
        set_mode(connection, world.pairing.name, "products_to_crm", "live", actor="olga", evidence={})
    planned, done = sent(world.run_products())["products_to_crm"]
    assert planned == done != 0


def test_what_waits_at_the_gate_and_is_not_wanted_any_more_is_never_sent(catalogue_world: World) -> None:
    world = live(catalogue_world)
    world.run_products()
    product, item = linked(world)
    name = products(world)[product]["Name"]
    live(world, brake=world.pairing.products.brake.model_copy(update={"most_updates": 0}))
    world.edit_item("inventoryItem", item, displayName="A slip of the pen")
    assert world.run_products()["gate_products_to_crm"]["held"] == 1
    world.edit_item("inventoryItem", item, displayName=name)
    world.run_products()
    assert gate(world.context(), "products_to_crm", release=Release("olga", "meant")).released == 0
    assert deliver(world.context(), "products_to_crm").done == 0
