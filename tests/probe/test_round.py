"""A round over the fake network: quiet, blocked, down; what follows a failure, and the judge's word on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec
import pytest

from tests.experiments.world import CHAT, MEDIA, TWINS, World, gfw, silence
from tests.fakes import Action, run
from tests.probe.parties import CONTROL, Control, http
from wallwatch.model.handshake import Address, Handshake, Payload
from wallwatch.model.outcome import Grade, Outcome
from wallwatch.model.verdict import Verdict
from wallwatch.net.seam import Endpoint
from wallwatch.pipeline.evidence import gather
from wallwatch.pipeline.judge import judge
from wallwatch.pipeline.normalize import decode
from wallwatch.pipeline.observe import observe
from wallwatch.probe.control_client import Control as Client
from wallwatch.probe.round import Plan, Recorded, RoundRunner
from wallwatch.vantage.settings import Place

HERE = Place(id="cn-4134", cc="CN", asn=4134, network_name="China Telecom", resolver_asn=4134)
PACE = 0.7


class Party:
    """A probe in a world, with a control in another."""

    def __init__(self, has_control: bool = True, is_attended: bool = False) -> None:
        self.world, self.abroad = World(), World()
        self.control = Control(self.abroad)
        self.world.net.serve(CONTROL, http(self.control.answer))
        kit = self.world.kit()
        client = Client(url=f"http://{CONTROL}", kit=kit, quick=3.0, thorough=20.0) if has_control else None
        plan = Plan(
            place=HERE,
            services=("whatsapp", "weibo"),
            canaries=kit.catalogue.canaries("CN"),
            pace_seconds=PACE,
            is_attended=is_attended,
        )
        self.runner = RoundRunner(kit, plan, client)

    def round(self) -> tuple[list[Recorded], float]:
        """A round and how long it took."""

        async def go() -> tuple[list[Recorded], float]:
            began = self.world.net.clock.monotonic()
            recorded = await self.runner.run(7)
            return recorded, self.world.net.clock.monotonic() - began

        return run(go())

    def verdicts(self, recorded: list[Recorded]) -> dict[str, Verdict]:
        own = [row for one in recorded for row in observe(decode(one.content))]
        theirs = [row for content in self.control.published for row in observe(decode(content))]
        return {v.target or "": v for v in (judge(e, "test") for e in gather(own, theirs))}


def arms(handshakes: tuple[Handshake, ...]) -> Counter[tuple[str, str, str]]:
    return Counter(
        (h.function, h.trial.arm.payload.value, h.trial.arm.address.value) for h in handshakes if h.trial
    )


def tries(handshakes: tuple[Handshake, ...], function: str) -> list[Handshake]:
    return [h for h in handshakes if h.trial is None and h.function == function]


def test_a_quiet_round_is_short_and_asks_nobody() -> None:
    party = Party()
    recorded, seconds = party.round()
    whatsapp, weibo = recorded
    assert seconds < 1.0
    assert (whatsapp.service, weibo.service) == ("whatsapp", "weibo")
    assert len(whatsapp.handshakes) == 5
    assert all(h.failure is None and h.trial is None for h in whatsapp.handshakes)
    assert not party.control.published
    assert {flow.remote.address for flow in party.world.net.flows}.isdisjoint(TWINS)
    assert {v.outcome for v in party.verdicts(recorded).values()} == {Outcome.OK}


def test_the_measurement_is_onis_and_tells_no_address() -> None:
    recorded, _ = Party().round()
    for one in recorded:
        measurement = msgspec.json.decode(one.content)
        assert measurement["test_name"] == "service_functions"
        assert measurement["input"] == one.service
        assert measurement["measurement_start_time"] == "2017-09-20 00:00:00"
        assert (measurement["probe_asn"], measurement["probe_cc"]) == ("AS4134", "CN")
        notes = measurement["annotations"]
        assert (notes["role"], notes["probe_id"], notes["round"]) == ("probe", "cn-4134", "7")
        assert measurement["test_keys"]["x_canaries"] == {"home": True, "abroad": True}
        assert b"192.0.2.2" not in one.content.replace(b"192.0.2.53", b"")
    assert len({msgspec.json.decode(one.content)["annotations"]["run_id"] for one in recorded}) == 1


def test_a_text_block_is_proven_in_one_batch_and_in_time() -> None:
    party = Party()
    party.world.net.censor = gfw(noise=True)
    recorded, seconds = party.round()
    assert seconds < 3.2
    handshakes = recorded[0].handshakes
    assert arms(handshakes) == {
        ("text", "trigger", "neutral"): 4,
        ("text", "neutral", "neutral"): 4,
        ("text", "neutral", "service"): 3,
    }
    again = tries(handshakes, "text")
    assert len(again) >= 3
    assert len({h.source_port for h in again}) == len(again)
    verdict = party.verdicts(recorded)["whatsapp/text"]
    assert (verdict.outcome, verdict.grade, verdict.mechanism) == (
        Outcome.BLOCKED,
        Grade.PROVEN,
        "proto.drop.noise",
    )
    assert party.verdicts(recorded)["whatsapp/media"].outcome is Outcome.OK


def test_the_trial_keeps_its_distance_from_its_own_triggers() -> None:
    """No slot sees a trigger and anything within a pace after it; the service's endpoint neither."""
    party = Party()
    party.world.net.censor = gfw(noise=True)

    async def two_rounds() -> None:
        await party.runner.run(1)
        await party.runner.run(2)

    run(two_rounds())
    last_trigger: dict[Endpoint, float] = {}
    for flow in sorted(party.world.net.flows, key=lambda flow: flow.at):
        is_neutral_at_service = flow.remote.address == CHAT and not flow.sent.startswith(b"WA")
        if flow.remote.address in TWINS or is_neutral_at_service:
            assert flow.at >= last_trigger.get(flow.remote, -PACE) + PACE
        if flow.sent.startswith(b"WA"):
            last_trigger[flow.remote] = flow.at


def test_a_pair_meets_one_slot_and_the_neutral_goes_first() -> None:
    party = Party()
    party.world.net.censor = gfw(noise=True)
    recorded, _ = party.round()
    by_attempt: dict[int, list[Handshake]] = {}
    for h in recorded[0].handshakes:
        if h.trial and h.trial.arm.address is Address.NEUTRAL:
            by_attempt.setdefault(h.trial.attempt, []).append(h)
    assert len(by_attempt) == 4
    for pair in by_attempt.values():
        neutral, trigger = sorted(pair, key=lambda h: h.t0)
        assert neutral.endpoint == trigger.endpoint
        assert neutral.trial is not None
        assert neutral.trial.arm.payload is Payload.NEUTRAL
        assert neutral.t <= trigger.t0
    first_ports = [h.endpoint.rpartition(":")[2] for pair in by_attempt.values() for h in pair]
    assert "5222" in first_ports  # the service's own port comes first


def test_media_reset_by_name_is_proven() -> None:
    party = Party()
    party.world.net.censor = gfw(sni="mmg.whatsapp.net")
    recorded, seconds = party.round()
    assert seconds < 2.5
    verdict = party.verdicts(recorded)["whatsapp/media"]
    assert (verdict.outcome, verdict.grade, verdict.mechanism) == (
        Outcome.BLOCKED,
        Grade.PROVEN,
        "tls.reset.sni",
    )


def test_the_control_runs_both_arms_under_the_same_trial() -> None:
    party = Party()
    party.world.net.censor = gfw(noise=True)
    recorded, _ = party.round()
    (content,) = party.control.published
    control, own = msgspec.json.decode(content), msgspec.json.decode(recorded[0].content)
    assert control["annotations"]["role"] == "control"
    assert control["annotations"]["run_id"] == own["annotations"]["run_id"]
    trials = [h["trial"] for h in control["test_keys"]["x_handshakes"] if h["trial"]]
    ids = {h.trial.id for h in recorded[0].handshakes if h.trial}
    assert {trial["id"] for trial in trials} == ids
    assert Counter(trial["arm"]["payload"] for trial in trials) == {"trigger": 6, "neutral": 6}
    assert recorded[0].control_answers == (control,)


def test_an_outage_is_down_and_proves_nothing() -> None:
    party = Party()
    for world in (party.world, party.abroad):
        for port in (443, 5222):
            world.net.serve(Endpoint(CHAT, port), silence)
        world.net.refuse(Endpoint(MEDIA, 443))
    recorded, _ = party.round()
    verdicts = party.verdicts(recorded)
    assert verdicts["whatsapp/text"].outcome is Outcome.DOWN
    assert verdicts["whatsapp/media"].outcome is Outcome.DOWN
    assert ("media", "trigger", "neutral") not in arms(
        recorded[0].handshakes
    )  # nothing was sent that could be it


def test_a_blocked_address_stays_consistent() -> None:
    party = Party()

    def drop(endpoint: Endpoint, sent: bytes) -> Action:
        return Action.DROP if endpoint.address == CHAT else Action.PASS

    party.world.net.censor = drop
    recorded, _ = party.round()
    verdict = party.verdicts(recorded)["whatsapp/text"]
    assert (verdict.outcome, verdict.grade) == (Outcome.BLOCKED, Grade.CONSISTENT)
    assert arms(recorded[0].handshakes) == {}


@pytest.mark.parametrize("censor", [gfw(noise=True), gfw(sni="mmg.whatsapp.net")])
def test_without_a_control_nothing_is_blocked(censor: Callable[[Endpoint, bytes], Action]) -> None:
    party = Party(has_control=False)
    party.world.net.censor = censor
    recorded, _ = party.round()
    assert arms(recorded[0].handshakes)[("text", "trigger", "neutral")] == 0
    assert Outcome.BLOCKED not in {v.outcome for v in party.verdicts(recorded).values()}


def test_a_control_that_is_gone_costs_knowledge_and_no_measurement() -> None:
    party = Party()
    party.world.net.refuse(CONTROL)
    party.world.net.censor = gfw(noise=True)
    recorded, _ = party.round()
    assert [one.service for one in recorded] == ["whatsapp", "weibo"]
    assert party.verdicts(recorded)["whatsapp/text"].outcome is Outcome.UNKNOWN


def test_a_dead_line_is_no_block() -> None:
    party = Party()
    party.world.net.censor = lambda endpoint, sent: Action.DROP
    party.world.net.resolver_addresses = []
    party.world.net._names.clear()
    recorded, _ = party.round()
    assert recorded[0].canaries == msgspec.structs.replace(recorded[0].canaries, home=False, abroad=False)
    assert not any(handshake.trial for one in recorded for handshake in one.handshakes)
    assert len(tries(recorded[0].handshakes, "registration")) == 1, "a dead line is not tried again"
    assert {v.outcome for v in party.verdicts(recorded).values()} == {Outcome.UNKNOWN}


def test_a_censor_that_acts_now_and_then_gets_the_whole_budget() -> None:
    party = Party()
    state = {"n": 0, "flows": {}}

    def flaky(endpoint: Endpoint, sent: bytes) -> Action:
        if not sent.startswith(b"WA") or endpoint.address not in (CHAT, *TWINS):
            return Action.PASS
        state["n"] = int(str(state["n"])) + 1
        return Action.DROP if int(str(state["n"])) % 3 == 1 else Action.PASS

    party.world.net.censor = flaky
    recorded, _ = party.round()
    counted = arms(recorded[0].handshakes)
    assert counted["text", "trigger", "neutral"] == counted["text", "neutral", "neutral"]
    assert counted["text", "trigger", "neutral"] > 4


def test_while_a_person_looks_on_nothing_is_waited_for() -> None:
    party = Party(is_attended=True)
    party.world.net.censor = gfw(noise=True)
    recorded, _ = party.round()
    for function in ("registration", "media", "web"):
        assert len(tries(recorded[0].handshakes, function)) == 1
    assert ("text", "neutral", "service") not in arms(recorded[0].handshakes)


def test_rounds_side_by_side_share_slots() -> None:
    """Text and media blocked at once: no slot is used by both at a time."""
    party = Party()
    party.world.net.censor = gfw(noise=True, sni="mmg.whatsapp.net")
    recorded, seconds = party.round()
    used = [
        (h.endpoint, h.t0, h.t)
        for h in recorded[0].handshakes
        if h.trial and h.trial.arm.address == "neutral"
    ]
    for endpoint, begin, end in used:
        for other, other_begin, other_end in used:
            if other == endpoint and (begin, end) != (other_begin, other_end):
                assert end <= other_begin or other_end <= begin
    assert {party.verdicts(recorded)[f"whatsapp/{f}"].grade for f in ("text", "media")} == {Grade.PROVEN}
    assert seconds < 4
