"""Module: what it registers, walks through, saves and loads, calls, and says when something is wrong."""

import copy
import pickle

import numpy as np
import pytest

import autodiff as ad
import nn


class Net(nn.Module):
    """Two layers, a shared weight, a buffer of each kind."""

    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 3)
        self.fc2 = nn.Linear(3, 2)
        self.scale = nn.Parameter(ad.ones(1))
        self.seen = nn.Buffer(ad.zeros(1))
        self.cache = nn.Buffer(ad.zeros(2), persistent=False)
        self.again = self.fc1

    def forward(self, x):
        return self.fc2(self.fc1(x).tanh()) * self.scale


class Holder(nn.Module):
    """A module with one layer inside."""

    def __init__(self, layer):
        super().__init__()
        self.fc = layer

    def forward(self, x):
        return self.fc(x)


# -- registering -----------------------------------------------------------------------------------------------------


def test_what_is_assigned_is_registered_in_order_and_a_shared_module_comes_once():
    net = Net()
    assert [n for n, _ in net.named_parameters()] == ["scale", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]
    assert [n for n, _ in net.named_buffers()] == ["seen", "cache"]
    assert [n for n, _ in net.named_modules()] == ["", "fc1", "fc2"]
    assert [n for n, _ in net.named_children()] == ["fc1", "fc2"]
    assert [n for n, _ in net.named_modules(remove_duplicate=False)] == ["", "fc1", "fc2", "again"]
    assert [n for n, _ in net.named_parameters(recurse=False)] == ["scale"]
    assert next(iter(net.named_parameters(prefix="net")))[0] == "net.scale"
    assert list(net.modules()) == [net, net.fc1, net.fc2]
    assert list(net.children()) == [net.fc1, net.fc2]
    assert list(net.buffers()) == [net.seen, net.cache]


def test_a_shared_parameter_comes_once_in_parameters_and_under_each_name_in_the_state_dict():
    net = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    net[1].weight = net[0].weight
    assert len(list(net.parameters())) == 1
    assert list(net.state_dict()) == ["0.weight", "1.weight"]


def test_registered_attributes_are_ordinary_ones():
    net = Net()
    assert net.__dict__["fc1"] is net.fc1
    assert "scale" in vars(net)
    assert "__getattr__" not in vars(nn.Module)


def test_an_attribute_may_change_what_it_is():
    net = Net()
    net.scale = None
    assert "scale" not in dict(net.named_parameters())
    net.scale = nn.Parameter(ad.ones(1))
    assert dict(net.named_parameters())["scale"] is net.scale
    del net.scale
    net.scale = 3.0
    assert net.scale == 3.0
    assert "scale" not in dict(net.named_parameters())
    net.fc2 = nn.Parameter(ad.ones(2))
    assert "fc2" not in dict(net.named_children())
    assert dict(net.named_parameters())["fc2"] is net.fc2
    net.fc2 = nn.Identity()
    assert "fc2" not in dict(net.named_parameters())
    net.seen = ad.ones(4)
    assert dict(net.named_buffers())["seen"].tolist() == [1, 1, 1, 1]


def test_a_buffer_that_does_not_persist_is_moved_but_not_saved():
    net = Net().double()
    assert "cache" not in net.state_dict()
    assert net.cache.dtype == ad.float64
    net.cache = nn.Buffer(ad.zeros(2))
    assert "cache" in net.state_dict()
    net.register_buffer("cache", None)
    assert "cache" not in net.state_dict()


@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        (lambda net: setattr(net, "scale", ad.ones(1)), "Net.scale is a parameter and cannot become a Tensor; wrap it"),
        (lambda net: setattr(net, "fc1", 3), "Net.fc1 is a module and cannot become a int"),
        (lambda net: setattr(net, "seen", 3), "Net.seen is a buffer and cannot become a int"),
        (lambda net: net.register_parameter("w", ad.ones(1)), "'w' must be an nn.Parameter or None, not a Tensor"),
        (lambda net: net.register_buffer("b", [1.0]), "buffer 'b' must be a Tensor or None, not a list"),
        (lambda net: net.register_buffer("a.b", ad.ones(1)), "not empty and has no dot; got 'a.b'"),
        (lambda net: net.add_module("m", nn.ReLU), "make an object of the class first"),
        (lambda net: net.add_module("forward", nn.ReLU()), "Net has an attribute 'forward' already"),
        (lambda net: net.get_submodule("fc1.deep"), "Linear has none called 'deep', only none"),
        (
            lambda net: net.get_submodule("fc9"),
            "there is no module 'fc9': Net has none called 'fc9', only 'fc1', 'fc2'",
        ),
        (lambda net: net.get_parameter("fc1.w"), "there is no parameter 'fc1.w': Linear has 'weight', 'bias'"),
        (lambda net: net.get_buffer("fc1.b"), "there is no buffer 'fc1.b': Linear has none"),
        (lambda net: net.train("yes"), "train\\(\\) takes True or False, not 'yes'"),
        (lambda net: net.to(ad.int64), "converted to a floating dtype"),
        (lambda net: nn.Module()(1), "Module has no forward yet: give it a method forward"),
        (lambda net: nn.Linear(2.5, 1), "Linear: in_features must be a whole number, and not negative; got 2.5"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(mistake, text):
    with pytest.raises(ad.AutodiffError, match=text):
        mistake(Net())


def test_assigning_before_the_base_class_is_ready_says_what_to_write_first():
    class Early(nn.Module):
        def __init__(self):
            self.fc = nn.Linear(1, 1)

    with pytest.raises(AttributeError, match=r"Early.fc was assigned .* begin Early.__init__ with super\(\).__init__"):
        Early()

    class Buffered(nn.Module):
        def __init__(self):
            self.register_buffer("b", ad.ones(1))

    with pytest.raises(AttributeError, match="buffer 'b' was added before the base class was ready"):
        Buffered()


def test_modules_and_parameters_are_found_by_dotted_name():
    net = nn.Sequential(Net())
    assert net.get_submodule("") is net
    assert net.get_submodule("0.fc1") is net[0].fc1
    assert net.get_parameter("0.fc1.bias") is net[0].fc1.bias
    assert net.get_buffer("0.seen") is net[0].seen


# -- doing something to all of it ------------------------------------------------------------------------------------


def test_train_and_eval_reach_every_module():
    net = nn.Sequential(Net(), nn.Dropout())
    assert not any(m.training for m in net.eval().modules())
    assert all(m.training for m in net.train().modules())


def test_apply_visits_the_inside_first():
    seen = []
    nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh())).apply(lambda m: seen.append(type(m).__name__))
    assert seen == ["ReLU", "Tanh", "Sequential", "Sequential"]


@pytest.mark.parametrize(
    "convert",
    [
        lambda m: m.double(),
        lambda m: m.to(ad.float64),
        lambda m: m.to("cpu", ad.float64),
        lambda m: m.to(dtype=ad.float64),
        lambda m: m.to(ad.zeros(1, dtype=ad.float64)),
    ],
)
def test_conversion_keeps_the_parameters_and_converts_their_gradients(convert):
    net = Net()
    net.register_buffer("count", ad.tensor([1]))
    net(ad.ones(1, 2)).sum().backward()
    before = list(net.parameters())
    assert convert(net) is net
    assert all(p is q for p, q in zip(net.parameters(), before, strict=True))
    assert {p.dtype for p in net.parameters()} == {p.grad.dtype for p in net.parameters()} == {ad.float64}
    assert net.count.dtype == ad.int64
    net(ad.ones(1, 2, dtype=ad.float64)).sum().backward()
    assert net.cpu().float().half().fc1.weight.dtype == ad.float16


def test_zero_grad_takes_gradients_away_or_zeroes_them_in_place():
    net = Net()
    net(ad.ones(1, 2)).sum().backward()
    grad = net.scale.grad
    net.zero_grad(set_to_none=False)
    assert net.scale.grad.tolist() == [0.0]
    assert np.shares_memory(net.scale.grad.numpy(), grad.numpy())
    net.zero_grad()
    assert net.scale.grad is None


def test_a_frozen_model_records_nothing():
    net = Net().requires_grad_(False)
    assert not net(ad.ones(1, 2)).requires_grad
    assert net.requires_grad_()(ad.ones(1, 2)).requires_grad


# -- saving and loading ----------------------------------------------------------------------------------------------


def test_a_state_dict_shares_memory_and_is_cut_off_from_the_graph():
    net = Net()
    state = net.state_dict()
    assert np.shares_memory(state["fc1.weight"].numpy(), net.fc1.weight.detach().numpy())
    assert not any(value.requires_grad for value in state.values())
    assert net.state_dict(keep_vars=True)["fc1.weight"] is net.fc1.weight
    assert next(iter(net.state_dict(prefix="model."))) == "model.scale"


def test_loading_copies_values_converts_them_and_reports_a_match():
    source, target = Net().double(), Net()
    memory = target.fc1.weight.detach().numpy()
    loaded = target.load_state_dict(source.state_dict())
    assert repr(loaded) == "<All keys matched successfully>"
    np.testing.assert_array_equal(memory, source.fc1.weight.detach().numpy().astype(np.float32))
    assert target.fc1.weight.dtype == ad.float32


def test_loading_after_a_forward_is_noticed_by_backward():
    net = Net()
    loss = net(ad.ones(1, 2)).sum()
    net.load_state_dict(Net().state_dict())
    with pytest.raises(ad.StaleValueError):
        loss.backward()


def test_loading_by_assignment_takes_over_memory_and_dtype():
    source, target = Net().double(), Net()
    state = source.state_dict()
    target.load_state_dict(state, assign=True)
    assert isinstance(target.fc1.weight, nn.Parameter)
    assert target.fc1.weight.requires_grad
    assert target.fc1.weight.dtype == ad.float64
    assert np.shares_memory(target.fc1.weight.detach().numpy(), state["fc1.weight"].numpy())


def test_a_state_dict_that_does_not_fit_is_refused_whole_with_names_and_shapes():
    net, state = Net(), Net().state_dict()
    before = net.scale.item()
    state["scale"] = ad.full((1,), 7.0)
    state["fc1.weight"] = ad.zeros(5, 2)
    state["extra"] = state.pop("fc2.bias")
    with pytest.raises(nn.StateDictError) as caught:
        net.load_state_dict(state)
    text = str(caught.value)
    assert "the state_dict does not fit Net:" in text
    assert "missing: 'fc2.bias'" in text
    assert "unexpected: 'extra'" in text
    assert "shape of 'fc1.weight': Net has (3, 2), the state_dict (5, 2)" in text
    assert "strict=False" in text
    assert net.scale.item() == before


def test_not_strict_loads_what_is_there_and_returns_the_rest_but_never_wrong_shapes():
    net, state = Net(), Net().state_dict()
    state["extra"] = state.pop("fc2.bias")
    assert net.load_state_dict(state, strict=False) == (["fc2.bias"], ["extra"])
    np.testing.assert_array_equal(net.fc1.weight.detach().numpy(), state["fc1.weight"].numpy())
    state["fc1.weight"] = ad.zeros(5, 2)
    with pytest.raises(nn.StateDictError, match="shape of 'fc1.weight'"):
        net.load_state_dict(state, strict=False)


@pytest.mark.parametrize(
    ("rename", "advice"),
    [
        (lambda key: f"module.{key}", r"k.removeprefix\('module.'\)"),
        (lambda key: key.removeprefix("model."), r"'model.' \+ k"),
    ],
)
def test_keys_that_differ_by_a_prefix_get_the_line_that_mends_them(rename, advice):
    net = nn.Sequential()
    net.add_module("model", nn.Linear(2, 2))
    state = {rename(key): value for key, value in net.state_dict().items()}
    with pytest.raises(nn.StateDictError, match=advice):
        net.load_state_dict(state)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (lambda: Net(), "takes a dict of names and Tensors, not a Net; call model.state_dict"),
        (lambda: {**Net().state_dict(), "scale": 3.0}, "holds a float under 'scale'"),
    ],
)
def test_what_is_no_state_dict_is_refused(given, text):
    with pytest.raises(TypeError, match=text):
        Net().load_state_dict(given())


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_has_memory_of_its_own_and_keeps_what_is_shared_inside(duplicate):
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    twin = duplicate(net)
    assert twin[1].weight is twin[0].weight
    assert twin[0].weight is twin[0]._parameters["weight"]
    assert twin[0].weight.requires_grad
    assert not np.shares_memory(twin[0].weight.detach().numpy(), net[0].weight.detach().numpy())
    np.testing.assert_array_equal(twin(ad.ones(1, 2)).detach().numpy(), net(ad.ones(1, 2)).detach().numpy())


# -- calling and hooks -----------------------------------------------------------------------------------------------


def test_hooks_see_and_replace_arguments_and_output_in_the_order_of_registration():
    net, order = nn.Identity(), []

    def noting(name, replacement=None):
        def hook(module, args, *rest):
            assert module is net
            order.append((name, args[0].tolist()))
            return replacement

        return hook

    net.register_forward_pre_hook(noting("second", ad.tensor([2.0])))
    net.register_forward_pre_hook(noting("first"), prepend=True)
    net.register_forward_hook(noting("third"))
    last = net.register_forward_hook(noting("fourth", ad.tensor([4.0])))
    assert net(ad.tensor([1.0])).tolist() == [4.0]
    assert order == [("first", [1.0]), ("second", [1.0]), ("third", [2.0]), ("fourth", [2.0])]
    last.remove()
    assert net(ad.tensor([1.0])).tolist() == [2.0]


def test_hooks_with_keyword_arguments():
    class Scale(nn.Module):
        def forward(self, x, by=1.0):
            return x * by

    net = Scale()
    net.register_forward_pre_hook(lambda m, args, kwargs: (args, {"by": kwargs["by"] + 1}), with_kwargs=True)
    net.register_forward_hook(lambda m, args, kwargs, out: out + kwargs["by"], with_kwargs=True)
    assert net(ad.tensor([1.0]), by=2.0).tolist() == [6.0]


def test_hooks_run_inside_a_sequential_and_so_does_a_call_of_ones_own():
    class Loud(nn.ReLU):
        def __call__(self, input):
            return super().__call__(input) + 10

    net = nn.Sequential(nn.Identity(), Loud())
    net[0].register_forward_hook(lambda m, args, out: out * 2)
    assert net(ad.tensor([1.0])).tolist() == [12.0]


def test_a_backward_hook_sees_what_flows_through_the_module_alone_and_may_replace_it():
    layer, seen = nn.Linear(2, 1), []
    layer.load_state_dict({"weight": ad.tensor([[2.0, 3.0]]), "bias": ad.zeros(1)})

    def hook(module, grad_input, grad_output):
        seen.append((module, grad_input[0].tolist(), grad_output[0].tolist()))
        return (grad_input[0] * 10,)

    handle = layer.register_full_backward_hook(hook)
    x = ad.ones(1, 2, requires_grad=True)
    (layer(x).sum() * 4 + x.sum()).backward()
    assert seen == [(layer, [[8.0, 12.0]], [[4.0]])]
    assert x.grad.tolist() == [[81.0, 121.0]]
    handle.remove()
    layer(x).sum().backward()
    assert len(seen) == 1


def test_a_backward_hook_without_an_input_to_differentiate_still_sees_the_output():
    layer, seen = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda m, grad_input, grad_output: seen.append((grad_input, grad_output)))
    layer(ad.ones(1, 2)).sum().backward()
    ((grad_input, grad_output),) = seen
    assert grad_input == (None,)
    assert grad_output[0].tolist() == [[1.0]]
    with ad.no_grad():
        layer(ad.ones(1, 2))
    assert len(seen) == 1


# -- batches that do not fit -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch", "text"),
    [
        (ad.zeros(10, 784), r"expected an input of shape \(..., 2\) and got \(10, 784\).*nn.Linear\(784, 3\)"),
        (ad.zeros(10, 1, 5), r"and got \(10, 1, 5\)"),
        (ad.zeros(2, 10), r"is it transposed\? Samples are rows: x.T"),
        (ad.zeros(10, 1, 2, 1), r"flatten each sample first, with nn.Flatten\(\) before this layer or x.flatten\(1\)"),
        (ad.tensor(1.0), r"got \(\); give it a Tensor of 2 numbers"),
        (ad.zeros(4, 2, dtype=ad.float64), r"expected an input of float32.*got float64; .* x.float\(\), or the model"),
        (ad.zeros(4, 2, dtype=ad.int64), r"got int64; convert the batch with x.float\(\)$"),
        ([[1.0, 2.0]], r"expected a Tensor and got a list; make one with ad.tensor"),
    ],
)
@pytest.mark.parametrize(
    ("place", "around"),
    [
        ("", lambda layer: layer),
        ("'0', ", lambda layer: nn.Sequential(layer, nn.ReLU())),
        ("'1.fc', ", lambda layer: nn.Sequential(nn.Identity(), Holder(layer))),
    ],
)
def test_a_batch_that_does_not_fit_names_the_layer_what_came_and_what_to_do(batch, text, place, around):
    with pytest.raises(nn.LayerError, match=f"^layer {place}Linear\\(in_features=2, .*bias=True\\): .*{text}"):
        around(nn.Linear(2, 3))(batch)


def test_an_error_inside_a_layer_that_fits_is_left_as_it_is():
    layer = nn.Linear(2, 3)
    layer.bias.data = ad.zeros(4)
    with pytest.raises(ad.ShapeError) as caught:
        layer(ad.zeros(1, 2))
    assert not isinstance(caught.value, nn.LayerError)


# -- printing --------------------------------------------------------------------------------------------------------


def test_parameters_print_what_they_are():
    assert repr(nn.Parameter(ad.ones(2))) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"


def test_dir_offers_what_can_be_typed():
    names = dir(nn.Sequential(nn.ReLU()))
    assert "forward" in names
    assert "0" not in names


def test_a_parameter_shares_the_memory_of_a_tensor_and_copies_anything_else():
    tensor, array = ad.zeros(2), np.zeros(2)
    assert np.shares_memory(nn.Parameter(tensor).detach().numpy(), tensor.numpy())
    assert not np.shares_memory(nn.Parameter(array).detach().numpy(), array)
    assert not nn.Parameter(tensor, requires_grad=False).requires_grad
    with pytest.raises(TypeError, match="only floating Tensors can require grad"):
        nn.Parameter(ad.tensor([1]))


@pytest.mark.parametrize("value", [nn.Parameter(ad.ones(2)), nn.Buffer(ad.ones(2), persistent=False)])
def test_a_copy_of_a_parameter_or_buffer_is_one(value):
    holder = nn.Module()
    holder.value = copy.deepcopy(value)
    assert type(holder.value) is type(value)
    assert list(holder.state_dict()) == ["value"]
