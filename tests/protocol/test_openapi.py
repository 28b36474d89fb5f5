from protocol.cloud_api import Link, LinkRequest, Session
from protocol.openapi import Operation, describe
from protocol.problems import LINK_REFUSED, TOO_MANY_TRIES


def test_an_operation_is_described_with_its_models_and_problems() -> None:
    link = Operation(
        "POST", "/api/v1/links", "Link.", Link, LinkRequest,
        status=201, problems=(LINK_REFUSED, TOO_MANY_TRIES), bearer=True,
    )  # fmt: skip
    get = Operation("GET", "/api/v1/things/{thing}", "Get.", Session, query=(("hours", "integer"),))
    document = describe("t", "1", [link, get])
    posted = document["paths"]["/api/v1/links"]["post"]  # type: ignore[index]
    assert set(posted["responses"]) == {"201", "403", "429"}
    assert posted["requestBody"]["required"]
    assert posted["security"] == [{"bearer": []}]
    assert {"Link", "LinkRequest", "Session", "Problem"} <= set(document["components"]["schemas"])  # type: ignore[index]
    parameters = document["paths"]["/api/v1/things/{thing}"]["get"]["parameters"]  # type: ignore[index]
    assert [(each["name"], each["in"]) for each in parameters] == [("thing", "path"), ("hours", "query")]
