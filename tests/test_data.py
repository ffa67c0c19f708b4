"""nn.data: datasets, batches, random splits, and the two sets of handwritten digits."""

import gzip
import hashlib
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

import autodiff as ad
from nn.data import DataLoader, Dataset, Subset, TensorDataset, default_collate, digits, idx, mnist, random_split


class Squares(Dataset[tuple[int, float]]):
    """The least a user writes: one sample by index, and a length."""

    def __init__(self, n: int = 10) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> tuple[int, float]:
        if not 0 <= index < self.n:
            raise IndexError(index)
        return index, float(index) ** 2


class Counting(TensorDataset):
    """Counts how it is asked."""

    def __init__(self, *tensors: ad.Tensor) -> None:
        super().__init__(*tensors)
        self.samples = 0
        self.batches = 0

    def __getitem__(self, index):
        self.samples += 1
        return super().__getitem__(index)

    def batch(self, indices):
        self.batches += 1
        return super().batch(indices)


def rows(n: int = 10) -> TensorDataset:
    return TensorDataset(ad.arange(2 * n, dtype=ad.float32).reshape(n, 2), ad.arange(n))


def numbers(loader) -> list[list[int]]:
    """The second Tensor of each batch: which samples it holds."""
    return [batch[1].tolist() for batch in loader]


# -- datasets ------------------------------------------------------------------------------------------------------


def test_a_sample_of_a_tensor_dataset_is_the_tuple_of_rows():
    x, y = rows()[3]
    assert (x.tolist(), y.item()) == ([6.0, 7.0], 3)


def test_a_tensor_dataset_can_be_sliced():
    x, y = rows()[2:4]
    assert (x.shape, y.tolist()) == ((2, 2), [2, 3])


@pytest.mark.parametrize(
    ("shapes", "text"),
    [(((3, 2), (4,)), r"got shapes: \(3, 2\), \(4,\)"), (((),), r"got shapes: \(\)"), ((), "got shapes: none")],
    ids=["lengths differ", "no rows", "no tensors"],
)
def test_tensors_without_a_common_length_are_refused_with_their_shapes(shapes, text):
    with pytest.raises(ValueError, match=text):
        TensorDataset(*[ad.zeros(shape) for shape in shapes])


def test_an_array_in_a_tensor_dataset_is_refused_with_the_mend():
    with pytest.raises(TypeError, match="takes Tensors, got ndarray; use ad.from_numpy"):
        TensorDataset(np.zeros(3))


def test_a_dataset_without_getitem_says_what_to_write():
    class Empty(Dataset[int]):
        pass

    with pytest.raises(TypeError, match="Empty has no samples yet: give it a method __getitem__"):
        Empty()[0]


def test_a_subset_picks_by_its_indices_and_nests():
    inner = Subset(rows(), [9, 7, 5, 3])
    outer = Subset(inner, [3, 0])
    assert [outer[i][1].item() for i in range(len(outer))] == [3, 9]
    assert outer.batch(np.array([1, 0]))[1].tolist() == [9, 3]


def test_a_subset_takes_an_index_array_a_tensor_or_a_slice():
    subset = Subset(rows(), ad.tensor([8, 6, 4]))
    assert subset[1:][1].tolist() == [6, 4]
    assert subset[np.array([2, 0])][1].tolist() == subset[ad.tensor([2, 0])][1].tolist() == [4, 8]


def test_a_subset_of_a_plain_sequence_is_iterable():
    assert list(Subset("abcd", [3, 0])) == ["d", "a"]


# -- random_split --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lengths", "sizes"),
    [
        ([7, 3], [7, 3]),
        ([0.5, 0.5], [5, 5]),
        ([0.25, 0.25, 0.5], [3, 2, 5]),
        ([1 / 3, 1 / 3, 1 / 3], [4, 3, 3]),
        ([10], [10]),
    ],
)
def test_a_random_split_has_the_sizes_asked_for_and_loses_nothing(lengths, sizes):
    parts = random_split(Squares(), lengths)
    assert [len(part) for part in parts] == sizes
    assert sorted(sample[0] for part in parts for sample in part) == list(range(10))


def test_a_random_split_repeats_with_its_generator_and_differs_with_another():
    first, again, other = (
        random_split(Squares(50), [25, 25], generator=ad.Generator().manual_seed(seed))[0].indices.tolist()
        for seed in (1, 1, 2)
    )
    assert first == again != other


def test_without_a_generator_a_random_split_follows_manual_seed():
    drawn = []
    for _ in range(2):
        ad.manual_seed(3)
        drawn.append(random_split(Squares(50), [25, 25])[0].indices.tolist())
    assert drawn[0] == drawn[1] != sorted(drawn[0])


@pytest.mark.parametrize(
    ("lengths", "text"),
    [
        ([7, 4], r"the lengths \[7, 4\] have the sum 11, but the dataset has 10 samples"),
        ([0.5, 0.4], r"fractions of a split must have the sum 1; \[0.5, 0.4\] have the sum 0.9"),
        ([11, -1], r"cannot be negative: \[11, -1\]"),
        ([], "the lengths .* have the sum 0, but the dataset has 10 samples"),
    ],
)
def test_lengths_that_do_not_add_up_are_refused(lengths, text):
    with pytest.raises(ValueError, match=text):
        random_split(Squares(), lengths)


# -- DataLoader ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "batches"),
    [
        ({}, [[i] for i in range(10)]),
        ({"batch_size": 4}, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]),
        ({"batch_size": 4, "drop_last": True}, [[0, 1, 2, 3], [4, 5, 6, 7]]),
        ({"batch_size": 5}, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]),
        ({"batch_size": 20}, [list(range(10))]),
        ({"batch_size": 20, "drop_last": True}, []),
        ({"batch_size": 2, "sampler": [9, 0, 5]}, [[9, 0], [5]]),
        ({"batch_sampler": [[1, 2, 3], [7]]}, [[1, 2, 3], [7]]),
        ({"batch_size": None}, list(range(10))),
    ],
    ids=str,
)
def test_the_loader_gives_these_batches_and_knows_how_many(arguments, batches):
    loader = DataLoader(rows(), **arguments)
    assert numbers(loader) == batches
    assert numbers(loader) == batches, "a second epoch gives the same"
    assert len(loader) == len(batches)


def test_a_tensor_dataset_is_asked_once_a_batch_even_through_subsets():
    data = Counting(ad.arange(20))
    for _ in DataLoader(Subset(Subset(data, range(20)), range(16)), batch_size=4, shuffle=True):
        pass
    assert (data.batches, data.samples) == (4, 0)


def test_a_batch_has_the_dtypes_of_its_tensors_and_no_gradient():
    x, y = next(iter(DataLoader(rows(), batch_size=4)))
    assert (x.dtype, y.dtype, x.requires_grad, x.shape) == (ad.float32, ad.int64, False, (4, 2))


def test_writing_into_a_batch_leaves_the_dataset_alone():
    data = rows()
    for x, _ in DataLoader(data, batch_size=4):
        x.zero_()
    assert data.tensors[0].sum().item() == sum(range(20))


def test_a_dataset_that_wants_a_gradient_gets_it_through_the_loader():
    table = ad.zeros(4, requires_grad=True)
    for (x,) in DataLoader(TensorDataset(table), batch_size=2, sampler=[0, 0, 3]):
        x.sum().backward()
    assert table.grad.tolist() == [2.0, 0.0, 0.0, 1.0]


def test_shuffling_gives_every_sample_once_in_a_new_order_each_epoch():
    ad.manual_seed(0)
    loader = DataLoader(rows(100), batch_size=8, shuffle=True)
    first, second = ([number for batch in numbers(loader) for number in batch] for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(100))
    assert first != second
    assert first != list(range(100))


def test_shuffling_repeats_with_the_same_generator():
    orders = [
        numbers(DataLoader(rows(50), batch_size=8, shuffle=True, generator=ad.Generator().manual_seed(7)))
        for _ in range(2)
    ]
    assert orders[0] == orders[1]


def test_rows_stay_together_when_shuffled():
    for x, y in DataLoader(rows(30), batch_size=7, shuffle=True):
        assert np.array_equal(x.numpy()[:, 0], 2.0 * y.numpy())


def test_any_object_with_getitem_and_len_can_be_loaded():
    batches = list(DataLoader(Squares(5), batch_size=3))
    assert [[column.tolist() for column in batch] for batch in batches] == [
        [[0, 1, 2], [0.0, 1.0, 4.0]],
        [[3, 4], [9.0, 16.0]],
    ]
    assert [batch.tolist() for batch in DataLoader([5, 6, 7], batch_size=2)] == [[5, 6], [7]]


def test_a_collate_fn_gets_the_list_of_samples():
    assert list(DataLoader(Squares(4), batch_size=2, collate_fn=list)) == [[(0, 0.0), (1, 1.0)], [(2, 4.0), (3, 9.0)]]
    assert list(DataLoader(Squares(2), batch_size=None, collate_fn=sum)) == [0.0, 2.0]


def test_arguments_of_programs_with_workers_and_pinned_memory_are_accepted():
    assert numbers(DataLoader(rows(4), batch_size=4, num_workers=2, pin_memory=True)) == [[0, 1, 2, 3]]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, or None; got 0"),
        ({"batch_size": 2.5}, "got 2.5"),
        ({"sampler": [1], "shuffle": True}, "sampler decides the order"),
        ({"batch_sampler": [[1]], "batch_size": 4}, "batch_sampler decides the batches"),
        ({"batch_size": None, "drop_last": True}, "drop_last=True needs a batch_size"),
    ],
    ids=str,
)
def test_arguments_that_contradict_each_other_are_refused(arguments, text):
    with pytest.raises(ValueError, match=text):
        DataLoader(rows(), **arguments)


def test_a_dataset_without_a_length_is_refused():
    with pytest.raises(TypeError, match="give generator a __len__ method"):
        DataLoader(i for i in range(3))


# -- default_collate -----------------------------------------------------------------------------------------------

Pair = namedtuple("Pair", "left right")


@pytest.mark.parametrize(
    ("samples", "dtype", "values"),
    [
        ([1.0, 2.5], "float64", [1.0, 2.5]),
        ([1, 2], "int64", [1, 2]),
        ([True, False], "bool", [True, False]),
        ([np.float32(1), np.float32(2)], "float32", [1.0, 2.0]),
        ([np.uint8([1, 2]), np.uint8([3, 4])], "uint8", [[1, 2], [3, 4]]),
    ],
    ids=str,
)
def test_numbers_and_arrays_are_stacked_in_their_dtype(samples, dtype, values):
    batch = default_collate(samples)
    assert (str(batch.numpy().dtype), batch.tolist()) == (dtype, values)


def test_tensors_are_stacked_and_keep_their_graph():
    w = ad.ones(2, requires_grad=True)
    default_collate([w, 2 * w]).sum().backward()
    assert w.grad.tolist() == [3.0, 3.0]


def test_structures_are_joined_entry_by_entry():
    batch = default_collate([{"name": "a", "xy": (1, [2.0])}, {"name": "b", "xy": (3, [4.0])}])
    assert batch["name"] == ["a", "b"]
    assert batch["xy"][0].tolist() == [1, 3]
    assert batch["xy"][1][0].tolist() == [2.0, 4.0]


def test_a_named_tuple_stays_one():
    batch = default_collate([Pair(1, 2), Pair(3, 4)])
    assert isinstance(batch, Pair)
    assert batch.right.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("samples", "error", "text"),
    [
        ([(1,), (1, 2)], ValueError, r"differ in length: \[1, 2\]"),
        ([{"a": 1}, {"b": 1}], ValueError, r"differ in their keys; the first has \['a'\]"),
        ([object(), object()], TypeError, "samples of type object have no default way"),
    ],
    ids=["length", "keys", "type"],
)
def test_samples_that_cannot_be_joined_are_refused(samples, error, text):
    with pytest.raises(error, match=text):
        default_collate(samples)


# -- digits --------------------------------------------------------------------------------------------------------


def test_the_digits_are_the_ones_of_the_uci_set():
    images, labels = digits().tensors
    assert (images.shape, images.dtype, labels.shape, labels.dtype) == ((1797, 64), ad.float32, (1797,), ad.int64)
    pixels = np.rint(images.numpy() * 16).astype(np.uint8)
    assert pixels[0].reshape(8, 8)[2].tolist() == [0, 3, 15, 2, 0, 11, 8, 0]
    assert (pixels.min(), pixels.max(), pixels.sum(dtype=np.int64)) == (0, 16, 561718)
    assert np.bincount(labels.numpy()).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_training_and_test_digits_make_up_the_whole_and_do_not_overlap():
    parts = [digits(train=train).tensors for train in (True, False)]
    assert [len(images) for images, _ in parts] == [1442, 355]
    together = np.concatenate([np.column_stack([images.numpy(), labels.numpy()]) for images, labels in parts])
    whole = np.column_stack([tensor.numpy() for tensor in digits().tensors])
    assert sorted(map(bytes, together)) == sorted(map(bytes, whole))


def test_a_fifth_of_each_digit_is_for_the_test():
    _, labels = digits(train=False).tensors
    assert np.bincount(labels.numpy()).tolist() == [35, 36, 35, 36, 36, 36, 36, 35, 34, 36]


def test_the_digits_come_as_images_for_convolutions_too():
    assert digits(train=False, flat=False)[0][0].shape == (1, 8, 8)


def test_each_call_gives_digits_that_can_be_written_into():
    digits().tensors[0].zero_()
    assert digits().tensors[0].sum().item() > 0


# -- mnist ---------------------------------------------------------------------------------------------------------


def idx_file(values: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, dtype=">i4").tobytes()
    return head + values.astype(np.uint8).tobytes()


IMAGES = np.arange(3 * 28 * 28).reshape(3, 28, 28) % 256
FILES = {
    "train-images-idx3-ubyte": idx_file(IMAGES),
    "train-labels-idx1-ubyte": idx_file(np.array([5, 0, 4])),
    "t10k-images-idx3-ubyte": idx_file(IMAGES[:2]),
    "t10k-labels-idx1-ubyte": idx_file(np.array([7, 2])),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small MNIST: the training files plain, the test files gzipped."""
    for name, content in FILES.items():
        if name.startswith("train"):
            (tmp_path / name).write_bytes(content)
        else:
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    return tmp_path


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror on this disk that gives the small MNIST, whose digests are the expected ones."""
    place = tmp_path / "mirror"
    place.mkdir()
    for name, content in FILES.items():
        (place / f"{name}.gz").write_bytes(gzip.compress(content))
        monkeypatch.setitem(idx.DIGESTS, name, hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(idx, "MIRRORS", (f"{place.as_uri()}/",))
    return place


@pytest.mark.parametrize(("train", "expected"), [(True, [5, 0, 4]), (False, [7, 2])], ids=["plain", "gzipped"])
def test_mnist_is_read_from_plain_and_gzipped_files(folder, train, expected):
    images, labels = mnist(folder, train=train).tensors
    assert (images.shape, images.dtype, labels.dtype) == ((len(expected), 784), ad.float32, ad.int64)
    assert labels.tolist() == expected
    np.testing.assert_allclose(images.numpy() * 255, IMAGES[: len(expected)].reshape(-1, 784), rtol=1e-6)


def test_mnist_comes_as_images_for_convolutions_too(folder):
    assert mnist(str(folder), flat=False)[1][0].shape == (1, 28, 28)


def test_mnist_is_found_where_other_libraries_put_it(folder, tmp_path):
    raw = tmp_path / "elsewhere" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in folder.glob("*-ubyte*"):
        path.rename(raw / path.name)
    assert len(mnist(tmp_path / "elsewhere")) == 3


def test_missing_files_are_named_with_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        mnist(tmp_path)
    for text in ("train-images-idx3-ubyte (or train-images-idx3-ubyte.gz)", str(tmp_path), "download=True"):
        assert text in str(caught.value)


def test_a_download_is_verified_kept_and_not_repeated(mirror, tmp_path):
    home = tmp_path / "home"
    assert mnist(home, download=True).tensors[1].tolist() == [5, 0, 4]
    assert sorted(path.name for path in home.iterdir()) == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
    for path in mirror.iterdir():
        path.unlink()
    assert len(mnist(home, download=True)) == 3


def test_the_next_mirror_is_asked_when_one_fails(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "MIRRORS", ((tmp_path / "nowhere").as_uri() + "/", *idx.MIRRORS))
    assert len(mnist(tmp_path / "home", download=True)) == 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"a page that asks to log in", "Not a gzipped file"),
        (gzip.compress(b"another file"), "a file with the wrong SHA-256"),
        (gzip.compress(FILES["train-images-idx3-ubyte"])[:-9], "end-of-stream"),
    ],
    ids=["absent", "not gzip", "another file", "cut off"],
)
def test_a_download_that_fails_says_why_and_leaves_nothing(mirror, tmp_path, content, reason):
    file = mirror / "train-images-idx3-ubyte.gz"
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(ConnectionError) as caught:
        mnist(tmp_path / "home", download=True)
    assert reason in str(caught.value)
    assert "bring the four files" in str(caught.value)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"hello, world", "is not an IDX file of bytes: it begins with b'hell'"),
        (b"\0\0", "is not an IDX file of bytes"),
        (FILES["train-images-idx3-ubyte"][:-1], r"promises 2,352 bytes of data, shape \(3, 28, 28\), but 2,351 follow"),
        (FILES["train-images-idx3-ubyte"][:7], "is damaged"),
        (gzip.compress(FILES["train-images-idx3-ubyte"])[:-9], "is damaged .*delete it and fetch it again"),
        (FILES["t10k-images-idx3-ubyte"], r"with shape \(2, 28, 28\) and .* with shape \(3,\) do not match"),
    ],
    ids=["text", "empty", "short", "head cut", "zip cut", "lengths differ"],
)
def test_a_damaged_file_is_refused_by_name(folder, content, text):
    (folder / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(ValueError, match=text):
        mnist(folder)
