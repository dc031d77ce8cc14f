"""The laws of masking: no secret is written, and nothing else is hidden."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.secrets import find_values, is_masked, is_secret, mask, mask_command, mask_urls

SECRET = "hunter2"


@pytest.mark.parametrize(
    "key",
    ["password", "db.password", "db.password.value", "PASSWD", "PGPASSWORD", "ssh_passphrase",
     "client_secret", "clientsecret", "secrets.a", "credential", "aws.credentials.id", "apikey",
     "api_key", "api-key", "APIKey", "openaiApiKey", "OPENAI_API_KEY", "apiKeys", "api key",
     "AWS_SECRET_ACCESS_KEY", "accessKey", "private_key", "ssh.privateKey.path", "wandb.api_key_2",
     "token", "hf_token", "HF_TOKEN", "hfToken", "hub.token", "HFToken", "authToken", "authtoken",
     "access_token", "token_2", "pwd", "db.pwd", "MYSQL_PWD", "auth", "http.basic_auth", "TOKEN_X", "HF_TOKEN_READ",
     "TOKEN_2", "db.TOKEN_CI"],
)  # fmt: skip
def test_keys_of_secrets_are_known(key: str) -> None:
    """In snake_case, kebab-case, camelCase and capitals."""
    assert is_secret(key)


@pytest.mark.parametrize(
    "key",
    ["max_tokens", "tokenizer", "token_dim", "token.dim", "tokens", "n_tokens", "tokenizer.pad_token",
     "eos_token", "max_token", "mask_token", "key", "keys", "key_dim", "api", "apis.keyboard", "passes",
     "compass", "secretary", "bypass_words", "keyapi", "access", "private", "betoken", "monkey", "", "_",
     "author", "authority", "n_auth_heads", "auth.method", "n_auth", "authors.0", "TOKEN_DIM", "MAX_TOKEN_LENGTH",
     "TOKEN_LIMIT", "PAD_TOKEN_X", "token_x", "cpwd", "TOKENS_X", "TOKENIZER_X"],
)  # fmt: skip
def test_keys_of_models_are_no_secrets(key: str) -> None:
    """What a language model counts and embeds is no secret."""
    assert not is_secret(key)


def test_further_patterns_cover_the_whole_key() -> None:
    """Shell patterns, in any case."""
    assert is_secret("DB.Pin", ["db.*"])
    assert is_secret("a.pin", ["*.pin"])
    assert not is_secret("a.pin", ["pin", "b.*"])


def test_only_telling_values_are_masked() -> None:
    """Strings and numbers are; booleans, null, empty texts and references to a secret's place are not."""
    tree = {"password": "x", "pin_token": 12, "token": 1.5, "use_secret": True, "secret": None, "api_key": ""}
    expected = {
        "password": "***",
        "pin_token": "***",
        "token": "***",
        "use_secret": True,
        "secret": None,
        "api_key": "",
    }
    assert mask(tree) == expected


@pytest.mark.parametrize("value", ["${oc.env:HF_TOKEN}", "${oc.env:X,null}", "${db.password}", "${oc.env: X }"])
def test_a_reference_is_left_as_it_is(value: str) -> None:
    """It says where the secret is, not what it is."""
    assert mask({"password": value}) == ({"password": value} if " }" not in value else {"password": "***"})


@pytest.mark.parametrize("value", ["${oc.env:X,hunter2}", "x${a}", "${a}x", "${a}${b}", "$ {a}", "${a", "\\${a}"])
def test_a_reference_with_a_secret_of_its_own_is_masked(value: str) -> None:
    """A default inside an interpolation is a value like any other."""
    assert mask({"password": value}) == {"password": "***"}


def test_masking_reaches_into_dicts_and_lists() -> None:
    """A key hides all that is below it, in flat and in nested configs."""
    tree = {
        "dbs": [{"user": "me", "password": SECRET}, [{"a": {"token": SECRET}}]],
        "credentials": {"user": SECRET, "ids": (1, None)},
        "a.secret": SECRET,
    }
    assert mask(tree) == {
        "dbs": [{"user": "me", "password": "***"}, [{"a": {"token": "***"}}]],
        "credentials": {"user": "***", "ids": ["***", None]},
        "a.secret": "***",
    }
    assert tree["a.secret"] == SECRET


def test_patterns_reach_into_the_tree() -> None:
    """A pattern speaks of the dotted key; positions in lists are no part of it."""
    assert mask({"db": {"pins": [1, {"x": 2}], "port": 3}}, ["db.pins*"]) == {
        "db": {"pins": ["***", {"x": "***"}], "port": 3}
    }


@given(st.recursive(st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner)))
def test_other_trees_stay_what_they_are(tree: Any) -> None:
    """Nothing is hidden without need, and masking twice is masking once."""
    assert mask(tree) == tree
    assert mask(mask({"secret": tree})) == mask({"secret": tree})


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("postgres://me:hunter2@db:5432/x", "postgres://me:***@db:5432/x"),
        ("redis://:hunter2@db", "redis://:***@db"),
        ("see a://u:hunter2@h, and b://v:hunter2@h", "see a://u:***@h, and b://v:***@h"),
        ("a://u:p@hunter2@h", "a://u:***@h"),
        ("https://hunter2@example.org", "https://***@example.org"),
        ("git+https://hunter2:x-oauth-basic@example.org/x", "git+https://***@example.org/x"),
        ("https://hunter2:@example.org/x", "https://***@example.org/x"),
        ("a://u:${oc.env:X}hunter2@h", "a://***@h"),
        ("${oc.env:SCHEME}://u:hunter2@h", "${oc.env:SCHEME}://u:***@h"),
    ],
)
def test_credentials_in_a_url_are_masked(url: str, masked: str) -> None:
    """Whatever the key; what is masked is found again in the URL, and once masked stays as it is."""
    assert mask({"at": [url]}) == {"at": [masked]}
    assert mask_command(["mag", f"at={url}"]) == ["mag", f"at={masked}"]
    assert mask_urls(masked) == masked
    assert any(SECRET in value for value in find_values({"at": [url]}))
    assert is_masked("at", masked)
    assert not is_masked("at", url)


@pytest.mark.parametrize(
    "url",
    ["postgres://db/x", "ssh://git@example.org/x", "https://example.org/@me", "a://u:${oc.env:PW}@h", "a://:@h",
     "https://example.org/?page=2", "https://${oc.env:TOKEN}@example.org", "u:p@h", "a://h/x:y@z", "s3://bucket/a@b"],
)  # fmt: skip
def test_urls_without_credentials_stay(url: str) -> None:
    """A user's name, a path and a reference reveal nothing."""
    assert mask_urls(url) == url
    assert find_values({"at": url}) == set()


def test_secret_parameters_of_a_url_are_masked() -> None:
    """Those whose names look secret, and no others."""
    masked = "jdbc:mysql://h/x?user=me&password=***&n=1"
    assert mask_urls("jdbc:mysql://h/x?user=me&password=hunter2&n=1") == masked
    assert is_masked("at", masked)


def test_found_values_are_those_that_a_program_shows() -> None:
    """An escaped password counts in both its forms."""
    assert find_values({"at": "a://u:p%40w@h", "pin_token": 1234}) == {"p%40w", "p@w", "1234"}


@pytest.mark.parametrize(
    ("argument", "masked"),
    [
        ("db.password=hunter2", "db.password=***"),
        ("+api_key='hunter2,y'", "+api_key=***"),
        ("++a.token=hunter2", "++a.token=***"),
        ("~db.password=hunter2", "~db.password=***"),
        ("db@secret.place=hunter2", "db@secret.place=***"),
        ("password=a,hunter2", "password=***"),
        ("--token=hunter2", "--token=***"),
        ("--where=password=='hunter2'", "--where=password=***"),
        ("C>1 and password=='hunter2'", "C>1 and password=***"),
        ("db={user: me, password: hunter2}", "db=***"),
        ("db={user: me, 'api key' : hunter2}", "db=***"),
        ("dbs=[{a: {token: hunter2}}]", "dbs=***"),
        ("password=${oc.env:X,hunter2}", "password=***"),
        ("--where=C==1 and password=='hunter2'", "--where=C=***"),
        ("C==1 and password == 'hunter2'", "C=***"),
        ("C=1,db.password=hunter2", "C=***"),
    ],
)
def test_secrets_in_a_command_are_masked(argument: str, masked: str) -> None:
    """In overrides of every kind, in options, and inside dicts."""
    assert mask_command(["mag", argument]) == ["mag", masked]


@pytest.mark.parametrize(
    "argument",
    ["C=1,10", "~db.password", "db={user: me}", "--jobs=2", "password=null", "use_secret=true",
     "password=", "password=''", "password=${oc.env:PW}", "password='${oc.env:PW}'",
     "db={pw: '${oc.env:X}'}", "a=b=c", "-j2", "max_tokens=512", "secrets/train.py", "--zip=a,b", "", "=",
     "x={a: {b: 1}}"],
)  # fmt: skip
def test_other_words_of_a_command_stay(argument: str) -> None:
    """A record's command can be typed again."""
    assert mask_command(["train.py", argument]) == ["train.py", argument]


def test_the_word_after_a_secret_option_is_masked() -> None:
    """Unless it is an option itself."""
    command = [
        "--token",
        SECRET,
        "C=1",
        "--api-key",
        "--quiet",
        "C=2",
        "--password",
        "-" + SECRET,
        "--secret",
    ]
    expected = ["--token", "***", "C=1", "--api-key", "--quiet", "C=2", "--password", "***", "--secret"]
    assert mask_command(command) == expected


def test_patterns_mask_arguments() -> None:
    """The project's own patterns count in commands, too."""
    assert mask_command(["db.pin=1", "--my-pin", "2", "x={pin: 3}"], ["*pin"]) == [
        "db.pin=***",
        "--my-pin",
        "***",
        "x=***",
    ]


@pytest.mark.parametrize("text", ["a" * 100_000, "a1" * 50_000, "a: " * 30_000, "://a" * 25_000, "{'a" * 30_000])
def test_long_texts_cost_no_more_than_their_length(text: str) -> None:
    """Looking for secrets does not go through the rest of a text again at each of its characters."""
    began = time.perf_counter()
    mask_command([f"text={text}"])
    mask({"text": text})

    assert time.perf_counter() - began < 5
