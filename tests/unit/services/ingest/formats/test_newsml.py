from __future__ import annotations

import pytest

from services.contracts import MediaType
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import FormatError, ParsedArticle, ParseOptions
from services.ingest.formats.newsml import NEWSML

ITEM = """<NewsML><NewsItem>
  <Identification><NewsIdentifier><ProviderId>example.com</ProviderId><DateId>20261123</DateId>
    <NewsItemId>tram</NewsItemId><RevisionId>2</RevisionId></NewsIdentifier></Identification>
  <NewsManagement><FirstCreated>20261123T101500Z</FirstCreated>
    <ThisRevisionCreated>20261123T201502Z</ThisRevisionCreated><Status FormalName="Usable"/></NewsManagement>
  <NewsComponent{attributes}><NewsLines><HeadLine>Mayor rejects tram plan</HeadLine><ByLine>By Ada Lund</ByLine>
    <SlugLine>tram</SlugLine></NewsLines>
    <DescriptiveMetadata><Language FormalName="en"/><SubjectCode><Subject FormalName="11000000"/></SubjectCode>
    </DescriptiveMetadata>{content}</NewsComponent>
</NewsItem></NewsML>"""


def content(data: str) -> str:
    return f"<NewsComponent><ContentItem><DataContent>{data}</DataContent></ContentItem></NewsComponent>"


def parse(data: str, attributes: str = "") -> list[ParsedArticle]:
    document = ITEM.replace("{content}", data).replace("{attributes}", attributes)
    return list(NEWSML.articles(Document(document.encode()), ParseOptions()))


def test_news_item_becomes_an_article() -> None:
    [(article, _)] = parse(content("<p>She said no.</p>"))
    assert (article.guid, article.version, article.language) == ("example.com:20261123:tram", "2", "en")
    assert (article.title, article.byline) == ("Mayor rejects tram plan", "By Ada Lund")
    assert (article.media_type, article.body) == (MediaType.HTML, "<p>She said no.</p>")
    assert article.published_at is not None
    assert article.published_at.isoformat() == "2026-11-23T20:15:02+00:00"
    assert article.metadata == {
        "subjects": [{"code": "11000000"}],
        "slugline": "tram",
        "pubstatus": "usable",
        "versioncreated": "20261123T201502Z",
        "firstcreated": "20261123T101500Z",
    }


@pytest.mark.parametrize(
    ("data", "attributes", "body"),
    [
        (content("She said no."), "", "She said no."),
        (content("&lt;P>She said no.&lt;/P>"), "", "<P>She said no.</P>"),
        (content("<nitf><body><body.content><p>No.</p></body.content></body></nitf>"), "", "<p>No.</p>"),
        (
            content("One &amp; two.\n\nThree.") + content("<p>Four.</p>"),
            "",
            "<p>One &amp; two.</p><p>Three.</p>\n<p>Four.</p>",
        ),
        (content("One.") + content("<p>One and two.</p>"), ' EquivalentsList="yes"', "<p>One and two.</p>"),
    ],
)
def test_components_are_joined_unless_they_are_equivalent(data: str, attributes: str, body: str) -> None:
    [(article, _)] = parse(data, attributes)
    assert article.body == body


def test_refusals_name_format_and_field() -> None:
    with pytest.raises(FormatError, match=r"^NewsML 1, item 1: DataContent: is missing or empty"):
        parse("")
    with pytest.raises(FormatError, match=r"^NewsML 1: NewsItem: is missing"):
        NEWSML.contents(Document(b"<NewsML/>"), ParseOptions())
    picture = '<NewsComponent><ContentItem><MediaType FormalName="Photo"/></ContentItem></NewsComponent>'
    with pytest.raises(FormatError, match=r"^NewsML 1, item 1: MediaType: is 'Photo'") as raised:
        parse(picture)
    assert raised.value.without_text
