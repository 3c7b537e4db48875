"""Names and messages lose what differs between two reports of one fault."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from faultbox_collector.signature.normalise import (
    collapse_recursion,
    find_cycle,
    mask_message,
    name_python,
    normalise_java,
    normalise_native,
    shorten_type,
)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("parse_frame", "parse_frame"),
        ("cam::Reader<char>::next(int) const", "cam::Reader::next"),
        ("void std::sort<int*, (anonymous namespace)::Less>(int*, int*)", "std::sort"),
        ("(anonymous namespace)::decode(Block const&)", "(anonymous)::decode"),
        ("decode.part.3", "decode"),
        ("decode.isra.0.cold", "decode"),
        ("decode.constprop.12", "decode"),
        ("decode [clone .cold]", "decode"),
        ("decode.llvm.1234567890", "decode"),
        ("memcpy@plt", "memcpy"),
        ("memcpy@@GLIBC_2.14", "memcpy"),
        ("__memcpy_avx_unaligned_erms", "memcpy"),
        ("__GI_abort", "abort"),
        ("__GI___assert_fail", "__assert_fail"),
        ("__interceptor_strlen", "strlen"),
        ("core::panicking::panic::h0123456789abcdef", "core::panicking::panic"),
        ("a::B::operator()(int)", "a::B::operator()"),
        ("a::operator<<(std::ostream&, a::B const&)", "a::operator<<"),
        ("operator new(unsigned long)", "operator new"),
        ("a::run()::{lambda(int)#2}::operator()(int) const", "a::run()::{lambda}::operator()"),
    ],
)
def test_native_names(raw: str, name: str) -> None:
    assert normalise_native(raw) == name


@pytest.mark.parametrize(
    ("raw", "other"),
    [
        ("a.Main.lambda$run$3", "a.Main.lambda$run$17"),
        ("a.Main$1.run", "a.Main$2.run"),
        ("a.Main$$Lambda$14/0x0000000800066840.run", "a.Main$$Lambda$99/0x00000008000aaaaa.run"),
        ("a.$Proxy12.call", "a.$Proxy7.call"),
        ("jdk.GeneratedMethodAccessor123.invoke", "jdk.GeneratedMethodAccessor4.invoke"),
        ("a.S$$EnhancerBySpringCGLIB$$1a2b3c.go", "a.S$$EnhancerBySpringCGLIB$$ffffff.go"),
    ],
)
def test_java_numbers_given_by_the_compiler_do_not_matter(raw: str, other: str) -> None:
    assert normalise_java(raw) == normalise_java(other)


def test_java_names_stay_apart() -> None:
    assert normalise_java("a.Main$Inner.run") != normalise_java("a.Main$Other.run")
    assert normalise_java("a.Base64.encode2") == "a.Base64.encode2"


@pytest.mark.parametrize(
    ("function", "file", "module", "name"),
    [
        ("ratio", "/srv/shop/pricing.py", None, "pricing.ratio"),
        ("ratio", "C:\\shop\\pricing.py", None, "pricing.ratio"),
        ("Cart.total", "/srv/shop/cart.py", "shop.cart", "cart.total"),
        ("<lambda>", "/srv/shop/cart.py", None, "cart.<lambda>"),
        ("main", "/srv/shop/__main__.py", None, "shop.main"),
        ("main", None, "shop.tool", "tool.main"),
        (None, "bad.py", None, "bad.<source>"),
    ],
)
def test_python_names(
    function: str | None, file: str | None, module: str | None, name: str
) -> None:
    assert name_python(function, file, module) == name


@pytest.mark.parametrize(
    ("message", "template"),
    [
        ("no such file: /srv/data/a17/b.txt", "no such file: *"),
        ("user 'ann' has no right", "user * has no right"),
        ("took 1532 ms, limit 1000 ms", "took * ms, limit * ms"),
        ("node 3f2504e0-4f89-11d3-9a0c-0305e82c3301 gone", "node * gone"),
        ("at 0x7ffd1234 in wlan0", "at * in wlan0"),
        ("FW-0031 signature of image 77 wrong", "FW-0031 signature of image * wrong"),
        ("get http://10.0.0.1:8080/a?b=1 failed", "get * failed"),
        ("first line\n\nsecond line\nthird line", "first line second line"),
        ("读取“温度3”失败", "读取*失败"),
        ("", ""),
    ],
)
def test_messages_become_templates(message: str, template: str) -> None:
    assert mask_message(message) == template


@given(st.text(max_size=600))
def test_masking_bounds_its_result(text: str) -> None:
    assert len(mask_message(text)) <= 450


@given(st.text(max_size=600))
def test_any_name_can_be_normalised(text: str) -> None:
    assert isinstance(normalise_native(text), str)
    assert isinstance(normalise_java(text), str)


@given(st.integers(1, 30), st.integers(1, 6))
def test_recursion_of_any_depth_collapses(depth: int, period: int) -> None:
    turn = tuple("abcdef"[:period])
    assert collapse_recursion([*turn * depth, "main"]) == (*turn, "main")


@given(st.integers(0, 4))
def test_a_cycle_is_the_same_from_anywhere(start: int) -> None:
    assert find_cycle(("c", "a", "b") * 20)[0] == "a"
    assert find_cycle((("c", "a", "b") * 20)[start:]) == ("a", "b", "c")


def test_no_cycle_in_a_straight_stack() -> None:
    assert find_cycle(("a", "b", "c", "d")) == ()


@pytest.mark.parametrize(
    ("name", "short"),
    [("a.b.CError", "CError"), ("a.Outer$Inner", "Inner"), ("KeyError", "KeyError"), ("", None)],
)
def test_types_lose_their_package(name: str, short: str | None) -> None:
    assert shorten_type(name) == short
