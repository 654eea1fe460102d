import copy
import pickle

from hydra.core.config_store import ConfigNode, ConfigStore

from pnas.config.groups import GROUPS
from pnas.config.schema import register_schema
from pnas.config.schema_nodes import SCHEMA, SchemaNode
from pnas.predictors import LSTMSpec


def stored_node() -> SchemaNode:
    register_schema()
    node = ConfigStore.instance().repo["hydra"]["schema"]["controller"]["lstm.yaml"]
    assert isinstance(node, SchemaNode)
    return node


def test_a_node_is_made_when_it_is_loaded() -> None:
    node = SchemaNode(GROUPS["controller"], "lstm", LSTMSpec)
    assert "node" not in vars(node)
    assert node.node.predictor == "lstm"
    assert "node" in vars(node)


def test_what_hydra_loads_may_be_changed() -> None:
    node = stored_node()
    loaded = ConfigStore.instance().load(f"{SCHEMA}/controller/lstm.yaml")
    loaded.node.K = 7
    assert loaded.node is not node.node
    assert node.node.K == LSTMSpec().K


def test_a_node_that_is_there_stays() -> None:
    node = stored_node()
    register_schema()
    assert stored_node() is node


def test_copies_are_nodes_of_hydra() -> None:
    node = stored_node()
    for copied in (copy.copy(node), pickle.loads(pickle.dumps(node))):
        assert type(copied) is ConfigNode
        assert (copied.name, copied.group) == ("lstm.yaml", "hydra/schema/controller")
        assert copied.node == node.node
