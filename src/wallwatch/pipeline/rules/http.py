"""Pages: the same as the control's, another one, or none at all."""

from __future__ import annotations

from wallwatch.model.evidence import JOINED_IN_RECORD, Evidence, Page
from wallwatch.model.outcome import Grade, Locus, Outcome
from wallwatch.pipeline.mechanisms import kind_of
from wallwatch.pipeline.reading import attempt_mechanism, claimed_mechanism, control_works, failed_at
from wallwatch.pipeline.rule import Rank, Rule
from wallwatch.pipeline.sentences import beside_control, layer_failures

SAME_LENGTH = 0.7  # shorter page / longer page; OONI's threshold (ts-017)


def got_pages(evidence: Evidence) -> tuple[Page, Page] | None:
    """The probe's last page and the helper's, where both got one."""
    if evidence.control_joined != JOINED_IN_RECORD or evidence.control is None or not control_works(evidence):
        return None
    probe, helper = evidence.probe.page, evidence.control.page
    if probe is None or helper is None or probe.status is None or helper.status is None:
        return None
    return None if evidence.probe.http.failed == evidence.probe.http.n else (probe, helper)


def is_same_page(evidence: Evidence) -> bool:
    """Status and title agree, or status and length where there is no title. More than OONI asks for."""
    pages = got_pages(evidence)
    return pages is not None and agree(*pages) is True


def is_other_page(evidence: Evidence) -> bool:
    """They can be compared and do not agree."""
    pages = got_pages(evidence)
    return pages is not None and agree(*pages) is False


def agree(probe: Page, helper: Page) -> bool | None:
    """None where the record does not keep enough of the page."""
    if probe.status != helper.status:
        return False
    if probe.title and helper.title:
        return probe.title == helper.title
    if probe.body_length is None or helper.body_length is None:
        return None
    shorter, longer = sorted((probe.body_length, helper.body_length))
    return shorter > 0 and shorter / longer >= SAME_LENGTH


def request_failed(evidence: Evidence) -> bool:
    """In OONI's record: cut or silent requests only; other failures are often the probe's own."""
    if not failed_at(evidence, "http"):
        return False
    if evidence.control_joined != JOINED_IN_RECORD:
        return True
    return all(kind_of(found.failure) is not None for found in evidence.probe.http.failures)


def request_mechanism(evidence: Evidence) -> str | None:
    """Old records of https pages have no TLS rows: then the layer cannot be told."""
    if evidence.control_joined != JOINED_IN_RECORD:
        return attempt_mechanism(evidence)
    url = evidence.probe.page.url if evidence.probe.page is not None else None
    if url is None or (url.startswith("https:") and evidence.probe.tls.n == 0):
        return None
    return claimed_mechanism(evidence.probe.http.failures)


def request_sentence(evidence: Evidence) -> str:
    """OONI's records have no canaries to speak of."""
    if evidence.control_joined == JOINED_IN_RECORD:
        return f"{layer_failures(evidence.probe)}, while the test helper got the page"
    return beside_control(evidence)


RULES = (
    Rule(
        name="http.same_page_as_control",
        rank=Rank.REACHED,
        outcome=Outcome.OK,
        when=is_same_page,
        because="the page is the one that the test helper got",
    ),
    Rule(
        name="http.failed_control_passed",
        rank=Rank.CONSISTENT,
        outcome=Outcome.BLOCKED,
        mechanism=request_mechanism,
        grade=Grade.CONSISTENT,
        locus=Locus.UNKNOWN,
        when=request_failed,
        because=request_sentence,
    ),
    Rule(
        name="http.page_differs",
        rank=Rank.UNDECIDED,
        outcome=Outcome.UNKNOWN,
        when=lambda e: e.probe.authenticated == 0 and is_other_page(e),
        because="a page came that is not the one the test helper got, and it is no known notice of a block",
    ),
)
