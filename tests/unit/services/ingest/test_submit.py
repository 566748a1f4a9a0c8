from __future__ import annotations

import pytest

from services.caller import Caller, Scope
from services.contracts import Article, MediaType
from services.errors import TextTooLong
from services.ingest.submit import BATCH_SCOPE, assign_home_feed, check_length, idempotency_key
from services.settings import Limits


def caller(*feeds: str, key_id: str = "k1") -> Caller:
    return Caller(key_id, f"key:{key_id}", frozenset({Scope.INGEST}), frozenset(feeds) if feeds else None)


def test_article_without_a_feed_gets_the_only_feed_of_its_sender() -> None:
    assert assign_home_feed(Article(body="One."), caller("wire")).feed == "wire"


@pytest.mark.parametrize("sender", [caller(), caller("wire", "paper")], ids=["every feed", "two feeds"])
def test_article_without_a_feed_keeps_the_default_if_its_sender_has_several(sender: Caller) -> None:
    assert assign_home_feed(Article(body="One."), sender) == Article(body="One.")


def test_article_with_a_feed_keeps_it() -> None:
    assert assign_home_feed(Article(body="One.", feed="paper"), caller("wire")).feed == "paper"


def test_body_over_the_limit_is_too_long() -> None:
    limits = Limits(text_chars=3)
    check_length(Article(body="abc"), limits)
    with pytest.raises(TextTooLong, match="4 characters; 3 are allowed") as raised:
        check_length(Article(body="abcd"), limits)
    assert raised.value.field == "body"


def test_markup_does_not_count_as_text() -> None:
    limits = Limits(text_chars=9)
    page = "<script>a long script</script><p class='story'>One  &amp;</p>\n\n<p>two</p><!-- a long comment -->"
    check_length(Article(body=page, media_type=MediaType.HTML), limits)
    with pytest.raises(TextTooLong, match="12 characters; 9 are allowed"):
        check_length(Article(body=page.replace("two", "twenty"), media_type=MediaType.HTML), limits)


def test_idempotency_keys_of_senders_and_feeds_have_separate_scopes() -> None:
    senders = [("k1", "wire"), ("k1", "paper"), ("k2", "wire"), ("k1", BATCH_SCOPE)]
    keys = [idempotency_key(caller(key_id=key_id), feed, "order-66", b"body") for key_id, feed in senders]
    assert len({key.scope for key in keys if key}) == len(senders)
    assert {(key.key, key.request_hash) for key in keys if key} == {
        ("order-66", keys[0].request_hash if keys[0] else "")
    }


def test_push_without_an_idempotency_key_has_none() -> None:
    assert idempotency_key(caller(), "wire", None, b"body") is None
