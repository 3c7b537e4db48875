"""No secret of the kinds we know reaches the disk, in keys, values, and inside strings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultbox_agent.redact import redact_lines, redact_map, redact_text
from faultbox_agent.redact_rules import is_secret_key, make_key_rule

PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAsecretsecret\nabc=\n"
    "-----END RSA PRIVATE KEY-----"
)

PLANTED = [
    ("password=hunter2x", "hunter2x"),
    ("db_password = 'two words'", "two words"),
    ('{"passwd": "hunter2x"}', "hunter2x"),
    ("PWD: hunter2x", "hunter2x"),
    ("api_key=0123456789abcdef", "0123456789abcdef"),
    ("X-Api-Key: 0123456789abcdef", "0123456789abcdef"),
    ("secret => s3cr3tvalue", "s3cr3tvalue"),
    ("client_secret_v2=s3cr3tvalue", "s3cr3tvalue"),
    ("access_token=abcdef0123", "abcdef0123"),
    ("Cookie: session=abcdef0123", "abcdef0123"),
    ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
    ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("using Bearer abcdefghijkl", "abcdefghijkl"),
    ("GET https://user:pa55word@host/x", "pa55word"),
    ("tool --token abcdef0123 --fast", "abcdef0123"),
    ("tool --db-password hunter2x", "hunter2x"),
    ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl ok", "eyJzdWIiOiIxIn0"),
    ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    ("ghp_0123456789abcdefghij0123456789abcdef", "ghp_0123456789"),
    ("sk-abcdefghij0123456789abcd", "sk-abcdefghij"),
    ("key fbk_abcdefghijklmnopqrstuvwxyz", "fbk_abcdefghij"),
    (PEM, "MIIEowIBAAKCAQEA"),
    ("cut off -----BEGIN PRIVATE KEY-----\nMIIEowIBAAKC", "MIIEowIBAAKC"),
    ("card 4111 1111 1111 1111 declined", "4111 1111 1111 1111"),
    ("card 5500-0000-0000-0004", "5500-0000-0000-0004"),
    ("amex 378282246310005", "378282246310005"),
    ("银联 6212345678901232 失败", "6212345678901232"),
    ("mail zhang.san+x@example.com.cn now", "zhang.san+x@example.com.cn"),
    ("联系人 13812345678 来电", "13812345678"),
    ("+86 138 1234 5678", "138 1234 5678"),
    ("电话:+8613812345678", "13812345678"),
    ("身份证 11010519491231002X", "11010519491231002X"),
    ("身份证号11010519491231002x", "11010519491231002x"),
    ("密码：秘密一二三，请重试", "秘密一二三"),
    ("口令是abc123", "abc123"),
    ("令牌=zxcvbnm", "zxcvbnm"),
    ("密码 hunter2x", "hunter2x"),
    ("Cookie: lang=en; sid=hunter2x", "hunter2x"),
    ('Set-Cookie: lang="en"; sid=hunter2x; Path=/', "hunter2x"),
    ("{'Cookie': 'lang=en; sid=hunter2x'}", "hunter2x"),
    ('{"msg": "{\\"password\\": \\"hunter2x\\"}"}', "hunter2x"),
    ("payload: {\\'password\\': \\'hunter2x\\'}", "hunter2x"),
    ('"password": "ab\\"hunter2x"', "hunter2x"),
    ('password="hunter2x', "hunter2x"),
    ("password='a b hunter2x", "hunter2x"),
    ("password=b'a hunter2x'", "hunter2x"),
    ('password = u"a hunter2x"', "hunter2x"),
    ('b"password": b"hunter2x"', "hunter2x"),
    ("password=[hunter2x]", "hunter2x"),
    ("password=(hunter2x)", "hunter2x"),
    ("('password', 'hunter2x')", "hunter2x"),
    ("[('token', 'hunter2x')]", "hunter2x"),
    ("<password>hunter2x</password>", "hunter2x"),
    ('<ns:userPassword type="text">a hunter2x</ns:userPassword>', "hunter2x"),
    ("login failed: password is hunter2x", "hunter2x"),
    ("CREATE USER x IDENTIFIED BY 'hunter2x'", "hunter2x"),
    ("psk=hunter2x", "hunter2x"),
    ('psk: "hunter2x"', "hunter2x"),
    ("DB_PASS=hunter2x", "hunter2x"),
    ("db_pass: hunter2x", "hunter2x"),
    ("dbpass=hunter2x", "hunter2x"),
    ("pass=hunter2x", "hunter2x"),
    ('{"pass": "hunter2x"}', "hunter2x"),
    ("passcode=hunter2x", "hunter2x"),
    ("auth=hunter2x", "hunter2x"),
    ("auth_key=hunter2x", "hunter2x"),
    ("session_id=hunter2x", "hunter2x"),
    ("sessionid: hunter2x", "hunter2x"),
    ("AccountKey=hunter2x", "hunter2x"),
    ("account_key=hunter2x", "hunter2x"),
    ("secretKey=hunter2x", "hunter2x"),
    ("tokens=hunter2x", "hunter2x"),
    ("tool --pass hunter2x", "hunter2x"),
    ("https://u:p@hunter2x@host/x", "hunter2x"),
    ('Authorization: Digest username="u", response="hunter2x"', "hunter2x"),
    ("/cb?access_token%3Dhunter2x", "hunter2x"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "secret"), PLANTED)
def test_a_planted_secret_is_gone_and_counted(text: str, secret: str) -> None:
    clean, hits = redact_text(text)
    assert secret not in clean
    assert hits >= 1
    assert "[redacted" in clean


@pytest.mark.parametrize(("text", "secret"), PLANTED)
def test_redacting_twice_changes_nothing_and_counts_nothing(text: str, secret: str) -> None:
    clean, _ = redact_text(text)
    assert redact_text(clean) == (clean, 0)


@pytest.mark.parametrize(
    "text",
    [
        "设备启动后报错代码E-202，无法进入系统",
        "at 1714557600000 ms, pid 12345, 0x7ffd13800138000a",
        "card 4111 1111 1111 1112 fails its check digit",
        "身份证 110105194912310021 fails its check digit",
        "uuid 0193f2a1-1380-7138-9138-138001380001",
        "user@localhost has no domain",
        "File \"/usr/lib/python3.11/site-packages/app.py\", line 13812, in main",
        "-----BEGIN CERTIFICATE-----",
        "version 2.13.5-138001",
        "auth ok",
        "auth=ok user=7",
        "auth: failed",
        "author: Li Wei, authority=root",
        "3 tests passed",
        "pass: 12, fail: 3",
        "pass through to the second stage",
        "session started",
        "bypass=1 compass=north",
        "token count 5 of 10",
        "password is wrong",
        "token is expired",
        "密码 错误",
        "identified by its serial number",
        "<passed>3</passed>",
        "pass == fail",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == (text, 0)


def test_a_secret_named_by_its_key_goes_whatever_it_looks_like() -> None:
    clean, hits = redact_map({"userPassword": "x", "n": {"api-key": 17, "name": "ok"}, "l": ["a"]})
    assert clean == {
        "userPassword": "[redacted:secret]",
        "n": {"api-key": "[redacted:secret]", "name": "ok"},
        "l": ["a"],
    }
    assert hits == 2
    assert redact_map(clean) == (clean, 0)


@pytest.mark.parametrize(
    "key",
    [
        "keyboard",
        "tokenizer",
        "passing",
        "monkey",
        "author",
        "authority",
        "passed",
        "compass",
        "bypass",
        "sessions",
        "authenticated",
    ],
)
def test_keys_that_only_sound_like_secrets_stay(key: str) -> None:
    assert not is_secret_key(key)


@pytest.mark.parametrize(
    "key",
    ["psk", "passwd", "pass", "db_pass", "dbPass", "dbpass", "passcode", "auth", "auth_key",
     "session_id", "sessionId", "sessionid", "account_key", "secretKey", "tokens", "Set-Cookie"],
)  # fmt: skip
def test_what_stands_under_a_secret_name_goes_whatever_its_type(key: str) -> None:
    for value in ("x", ["aa", "bb"], {"value": "x"}, 17):
        assert redact_map({key: value}) == ({key: "[redacted:secret]"}, 1)  # type: ignore[dict-item]
    assert redact_map({key: None}) == ({key: None}, 0)


@given(
    st.sampled_from(["password=%s", '{"password": "%s"}',
                     '\\"token\\": \\"%s\\"', "Cookie: a=b; c=%s",
                     "<passwd>%s</passwd>", "('secret', '%s')", "db_pass=%s", "psk=u'%s'",
                     "Authorization: Digest a, b=%s", "IDENTIFIED BY '%s'"]),
    st.text("abcXYZ0189_-+/", min_size=6, max_size=60),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\\\"'"), max_size=20),
)  # fmt: skip
def test_any_secret_goes_in_every_dress(dress: str, secret: str, after: str) -> None:
    clean, _ = redact_text(f"[app] {dress % ('Zq' + secret)} {after}")
    assert "Zq" + secret not in clean


def test_a_private_key_over_many_log_lines_goes_and_the_lines_stay_apart() -> None:
    clean, hits = redact_lines(["before", *PEM.split("\n"), "after"])
    assert clean[0] == "before"
    assert clean[-1] == "after"
    assert len(clean) == 6
    assert not any("MIIEow" in line for line in clean)
    assert hits == 1


def test_a_secret_cut_off_at_the_end_of_a_line_leaves_the_next_line_alone() -> None:
    lines = ["Authorization: Bearer", "ERROR E-202 disk", "password:", "x", "--token", "y"]
    assert redact_lines(lines)[0][1::2] == ["ERROR E-202 disk", "x", "y"]


_ENDS = st.sampled_from(
    ["Authorization:", "Authorization: Bearer", "Bearer", "password=", "password:", "--token",
     "Cookie:", "https://u:", "密码是", "-----BEGIN PRIVATE KEY-----", '"secret": "', "138001380",
     "token =>", "\r", "\t", "a@", "IDENTIFIED BY", "<password>", "('password',", "\x0b", "\x85"]
)  # fmt: skip


@given(st.lists(st.one_of(st.text(max_size=40), _ENDS, st.tuples(st.text(), _ENDS).map("".join))))
def test_as_many_lines_come_out_as_went_in(lines: list[str]) -> None:
    clean, _ = redact_lines(lines)
    assert len(clean) == len(lines)


def test_own_names_of_secrets_can_be_added() -> None:
    rule = make_key_rule(["pin_code"])
    assert redact_text("pin_code=4711 ok", rule) == ("pin_code=[redacted:secret] ok", 1)
    assert redact_map({"a": "pin_code: 4711"}, rule)[1] == 1
    assert make_key_rule([]) is None


@given(st.text(max_size=300), st.text(max_size=300))
def test_an_address_inside_any_text_goes(before: str, after: str) -> None:
    clean, _ = redact_text(f"{before} someone@example.org {after}")
    assert "someone@example.org" not in clean


@given(
    st.lists(
        st.sampled_from(
            ["password", "=", "token", ":", " ", '"', "'", "@", "a", ".", "-", "1", "13800138000",
             "://", "Bearer ", "eyJ", "-----BEGIN ", "PRIVATE KEY-----", "[redacted", "\n", "密码"]
        ),
        max_size=60,
    )
)  # fmt: skip
def test_any_mix_of_anchors_ends_and_keeps_its_lines(parts: list[str]) -> None:
    text = "".join(parts)
    clean, hits = redact_text(text)
    assert hits >= 0
    assert clean.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    ["a" * 200_000, "@" * 200_000, "password" * 25_000, "1" * 200_000, "a@" * 100_000,
     "-----BEGIN " * 20_000, "eyJ" * 60_000, "--" * 100_000, "4111 " * 40_000,
     "pass" * 50_000, "<a:" * 60_000, "password='" * 20_000,
     'token=\\\\"' * 20_000, "://a:" * 40_000,
     "Cookie:" * 20_000, "identified by " * 10_000, "auth" * 50_000, "<password " * 20_000],
)  # fmt: skip
def test_hostile_texts_end(text: str) -> None:
    # A search that is not linear would not end within the test run's time limit.
    redact_text(text * 10)
