"""The orchestrator's collaborators, built once from the kit and the settings: the composition root's inner half."""

import asyncio
import platform
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version

from fastapi import FastAPI
from prometheus_client import Counter

from orchestrator.api.deps import Desk
from orchestrator.api.disclosing import Disclosure, shop_name
from orchestrator.api.intake import Intake
from orchestrator.api.knowledge import KnowledgeDesk
from orchestrator.api.privacy import PrivacyDesk
from orchestrator.api.rating import assert_all_rated
from orchestrator.api.staff_steps import StaffRoom
from orchestrator.api.waiting import Line
from orchestrator.brain.factory import Brains, build_brains
from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.offline.phrasing import TRANSLATED
from orchestrator.brain.policy_files import read_policy, read_prompt
from orchestrator.brain.profiles import PROFILES
from orchestrator.brain.translating import Vocabulary
from orchestrator.channels.email.channel import EmailChannel
from orchestrator.channels.email.letters import MAIL_TOOL
from orchestrator.channels.email.mailbox import ImapServer
from orchestrator.channels.email.polling import MailboxReader
from orchestrator.channels.email.proving import Proving
from orchestrator.channels.email.taking import MailRoom
from orchestrator.channels.email.wiring import email_channel, email_proving
from orchestrator.channels.slack.posting import Poster
from orchestrator.channels.slack.wiring import slack_channel, slack_jobs, slack_parts, slack_poster
from orchestrator.colleagues import ServiceCalls
from orchestrator.confidence.policy import load_escalation_policy
from orchestrator.console.knowledge import KnowledgeBooks
from orchestrator.console.wiring import console_room, replay_desk
from orchestrator.effects.faq import load_faq
from orchestrator.effects.metrics import TurnMetrics
from orchestrator.effects.phrases import load_phrases
from orchestrator.effects.scope import Collaborators
from orchestrator.figures.keeper import FiguresKeeper
from orchestrator.gaps.colleagues import Colleagues
from orchestrator.gaps.keeper import GapKeeper
from orchestrator.gaps.listing import GapDesk
from orchestrator.gaps.policy import load_gap_policy
from orchestrator.guard.input.judging import InputGuard
from orchestrator.guard.input.screen import InputScreen
from orchestrator.guard.ours import standing
from orchestrator.guard.output.names import own_names
from orchestrator.guard.output.policy import load_output_policy
from orchestrator.handover.keeper import HandOverKeeper
from orchestrator.handover.policy import HoursPolicy, load_hours
from orchestrator.jobs.erasures import ErasureJobs
from orchestrator.jobs.here import TurnsHere
from orchestrator.jobs.mailing import MailJobs
from orchestrator.jobs.promises import PromiseJobs
from orchestrator.jobs.queue import JobQueue
from orchestrator.jobs.room import Room
from orchestrator.jobs.running import RunningTurns
from orchestrator.jobs.strain import Strain
from orchestrator.jobs.turns import TurnJobs
from orchestrator.jobs.waiting import QueueWatch
from orchestrator.jobs.worker import Worker
from orchestrator.journal.conversations import Conversations
from orchestrator.journal.entries import Codec
from orchestrator.journal.vaulting import Vaults
from orchestrator.limits.keeper import FORGET_EVERY_S, UsageKeeper
from orchestrator.limits.levels import Levels
from orchestrator.limits.policy import LimitsPolicy, load_limits
from orchestrator.limits.rates import Rates
from orchestrator.limits.report import UsageDesk
from orchestrator.macros.desk import MacroDesk
from orchestrator.macros.keeper import MacroKeeper
from orchestrator.macros.listing import Reader
from orchestrator.macros.looking import Looking
from orchestrator.macros.policy import load_macro_policy
from orchestrator.memory.short_term import ShortTermMemory
from orchestrator.policies.keeper import PolicyKeeper
from orchestrator.policies.store import Sighting
from orchestrator.policies.texts import texts_in_force
from orchestrator.privacy.elsewhere import Elsewhere
from orchestrator.privacy.keeper import ConversationKeeper
from orchestrator.privacy.requests import Requests
from orchestrator.refund_books import RefundBooks
from orchestrator.replay.offline import OfflineSandbox
from orchestrator.replay.reading import Recordings
from orchestrator.replay.sandbox import Parts
from orchestrator.settings import Settings
from orchestrator.stream.hub import Hub
from orchestrator.stream.publisher import Publisher
from orchestrator.switches.board import SwitchBoard
from orchestrator.switches.desk import SwitchDesk
from orchestrator.switches.policy import load_phases
from orchestrator.tools.build import CacheParts, Tools, build_tools
from orchestrator.tools.callbacks import Callbacks
from orchestrator.tools.catalog import Catalog
from orchestrator.turn.budgets import Budgets
from servicekit.auth.minting import TokenMinter
from servicekit.context import Kit
from servicekit.crypto import MasterKeys
from servicekit.db.pool import Database
from servicekit.embedding import Embedder, QuickEmbedder
from servicekit.http.breaker import BreakerConfig
from servicekit.language import LanguageDetector
from servicekit.privacy import Finder


@dataclass(frozen=True, slots=True)
class Core:
    """What the API and the worker share."""

    conversations: Conversations
    codec: Codec
    vaults: Vaults
    queue: JobQueue
    hub: Hub
    tools: Tools
    callbacks: Callbacks
    screen: InputScreen
    erasures: ErasureJobs
    services: ServiceCalls
    email: EmailChannel | None
    proving: Proving | None
    slack: Poster | None
    hours: HoursPolicy


@asynccontextmanager
async def orchestrate(
    kit: Kit, app: FastAPI, settings: Settings, keyring: MasterKeys, minter: TokenMinter, site: str
) -> AsyncIterator[None]:
    """Runs the orchestrator around the app's life: tools, Brain, streams, worker. `site`: the issuer of customers."""
    callbacks = Callbacks(keyring.derive("tool-callback"), kit.clock)
    switches = SwitchBoard(settings.database_url, kit.db, load_phases(), kit.clock, kit.metrics)
    tools = build_tools(
        urls=settings.tool_urls, http=kit.http, minter=minter, metrics=kit.metrics, clock=kit.clock,
        allowlist=settings.tool_allowlist, cache=CacheParts(kit.spare, keyring.derive("tool-cache")),
        breaker=BreakerConfig(open_s=settings.breaker_open_s), callbacks=callbacks,
        switches=switches,
    )  # fmt: skip
    conversations = Conversations(keyring, keyring.derive("subject-hash"))
    services, queue = ServiceCalls(settings.tool_urls, kit.http, minter), JobQueue(bool(settings.slack_staff_channel))
    erasures = ErasureJobs(kit.db, Requests(keyring.derive("privacy-requests")), Elsewhere(services), queue)
    vaults = Vaults(await asyncio.to_thread(Finder.load))
    policy = _limits(settings)
    app.state.rates = Rates(policy, kit.limiter, keyring.derive("rate-limits"), settings.rate_factor)
    assert_all_rated(app)
    budgets = Budgets(
        tokens=settings.turn_tokens, tokens_out=settings.turn_tokens_out, tools=settings.turn_tools, late_call=True
    )
    levels = Levels(policy, budgets, kit.clock, kit.metrics)
    screen = InputScreen(InputGuard.load(), kit.metrics)
    languages = await asyncio.to_thread(LanguageDetector.load)
    email, channel = email_channel(settings, site, keyring), slack_channel(settings, site, keyring)
    core = Core(
        conversations, Codec(), vaults, queue, Hub(kit.spare), tools, callbacks, screen, erasures, services, email,
        email_proving(kit, settings, keyring, email, load_phrases()),
        None if channel is None else slack_poster(kit, settings, kit.db, channel), load_hours(settings.hours_file),
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        core.hub.start()
        stack.push_async_callback(core.hub.close)
        await stack.enter_async_context(switches.running())
        await stack.enter_async_context(_catalog(tools.catalog))
        app.state.checks["tools"] = tools.catalog.check
        strain = Strain()
        strain.start()
        kit.metrics.gauge(
            "aiguy_loop_late_seconds", "How late the event loop comes to every second thing that is due"
        ).set_function(strain.late_s)
        stack.push_async_callback(strain.stop)
        here = offline = None
        if settings.worker != "off":
            here, offline = await stack.enter_async_context(_working(kit, app, settings, core, strain, languages))
            keeper = GapKeeper(kit.db, kit.clock, timedelta(days=settings.gaps_retention_days))
            await stack.enter_async_context(keeper.running(settings.gaps_forget_every_s))
            outdated = ConversationKeeper(kit.db, kit.redis, settings.conversation_retention_days)
            await stack.enter_async_context(outdated.running(settings.conversations_erase_every_s))
            await stack.enter_async_context(UsageKeeper(kit.db, kit.clock).running(FORGET_EVERY_S))
            await stack.enter_async_context(FiguresKeeper(kit.db, kit.clock).running(settings.console_figures_every_s))
        phrases = load_phrases()
        line = Line(
            QueueWatch(kit.db, time.monotonic, pace=here.pace if here else lambda: 0.0),
            phrases, settings.queue_patience_s,
            kit.metrics.counter("aiguy_messages_shed_total", "Messages that were not taken, because too many wait"),
            _mails(kit), lambda: tools.catalog.entry(MAIL_TOOL) is not None, settings.queue_mails,
            lambda: (tool := tools.catalog.entry(MAIL_TOOL)) is not None and tool.guests, strain,
        )  # fmt: skip
        intake = Intake(
            kit.db, core.conversations, core.codec, kit.clock, settings, core.vaults, levels, core.screen, line, here,
            switches,
        )  # fmt: skip
        app.state.desk = Desk(
            kit.db, core.conversations, core.codec, intake, core.hub, tools.catalog, callbacks,
            Disclosure(phrases, settings.shop_name or shop_name()), line, core.hours, channel,
        )  # fmt: skip
        if email is not None:
            app.state.mail_room = MailRoom(
                email, languages,
                kit.metrics.counter("aiguy_mails_total", "Mails that came in, by what became of them", ["outcome"]),
                core.proving,
            )  # fmt: skip
            if settings.imap_host and settings.worker != "off":
                reader = _mailbox(kit, settings, app.state.desk, app.state.mail_room)
                await stack.enter_async_context(reader.running())
        if settings.worker != "off":
            await stack.enter_async_context(_hand_overs(kit, core).running(settings.handover_every_s))
        app.state.staff_room = StaffRoom(
            kit.metrics.counter("aiguy_staff_steps_total", "What staff did in conversations", ["step"]), core.queue,
        )  # fmt: skip
        if core.slack is not None:
            app.state.slack = await stack.enter_async_context(slack_parts(
                kit, settings, core.slack, keyring, app.state.desk, app.state.staff_room, phrases, languages,
            ))  # fmt: skip
        app.state.console = console_room(kit, settings, keyring, languages, site)
        books = RefundBooks(services)
        parts = Parts(vaults.finder, languages, settings.answer_link_hosts, settings.tool_allowlist)
        sandbox = OfflineSandbox(parts, offline)
        stack.callback(sandbox.close)
        app.state.replay = replay_desk(kit.db, Recordings(conversations, core.codec), policy, books, sandbox)
        seen = await asyncio.to_thread(texts_in_force, policy, settings.faq_file, PROFILES[settings.llm_prompts])
        await stack.enter_async_context(PolicyKeeper(kit.db, kit.clock, seen, books, _sighting(settings)).running())
        app.state.privacy = PrivacyDesk(core.erasures.requests, core.erasures.elsewhere, core.queue, kit.redis)
        app.state.knowledge_books = KnowledgeBooks(services)
        app.state.knowledge = KnowledgeDesk(services, settings.answer_link_hosts)
        app.state.usage = UsageDesk(kit.db, kit.clock, policy)
        app.state.switches = SwitchDesk(kit.db, switches, tools.catalog, tools.gateway.breaker_states, kit.clock)
        quick, gap_policy = await asyncio.to_thread(QuickEmbedder.load), load_gap_policy()
        app.state.gaps = GapDesk(
            kit.db, keyring, kit.clock, Colleagues(services, core.vaults.finder), quick, gap_policy,
            timedelta(days=settings.gaps_retention_days),
        )  # fmt: skip
        looking = Looking(kit.db, keyring, kit.clock, quick, languages, load_macro_policy(), gap_policy)
        app.state.macros = MacroDesk(looking, Reader(conversations, vaults))
        if settings.worker != "off":
            await stack.enter_async_context(MacroKeeper(looking).running())
        yield


def _sighting(settings: Settings) -> Sighting:
    return Sighting(
        f"{settings.service} at {platform.node()}", settings.release or version("aiguy-orchestrator"),
        settings.released_by,
    )  # fmt: skip


def _mailbox(kit: Kit, settings: Settings, desk: Desk, room: MailRoom) -> MailboxReader:
    server = ImapServer(
        settings.imap_host, settings.imap_port, settings.imap_tls, settings.imap_username,
        settings.imap_password.get_secret_value(), settings.imap_folder, settings.imap_ca_file,
        settings.imap_timeout_s,
    )  # fmt: skip
    passes = kit.metrics.counter(
        "aiguy_mailbox_reads_total", "Times that the mailbox was read, or why it was not", ["result"]
    )
    return MailboxReader(kit.db, desk, room, server, settings.imap_every_s, passes)


def _hand_overs(kit: Kit, core: Core) -> HandOverKeeper:
    told = kit.metrics.counter("aiguy_people_told_total", "Customers who were told that nobody is there", ["moment"])
    return HandOverKeeper(kit.db, kit.clock, core.hours, core.queue, told)


def _mails(kit: Kit) -> Counter:
    return kit.metrics.counter(
        "aiguy_answers_by_mail_total", "Answers that were promised by e-mail, and those that were sent", ["state"]
    )


def _limits(settings: Settings) -> LimitsPolicy:
    return load_limits(
        settings.limits_file, session_tokens=settings.session_tokens, session_usd=settings.cap_session_usd,
        customer_day_usd=settings.cap_customer_day_usd, shop_day_usd=settings.cap_shop_day_usd,
        shop_month_usd=settings.cap_shop_month_usd,
    )  # fmt: skip


@asynccontextmanager
async def _catalog(catalog: Catalog) -> AsyncIterator[None]:
    await catalog.first_look()
    refreshing = asyncio.create_task(catalog.run(), name="catalog")
    try:
        yield
    finally:
        refreshing.cancel()
        with suppress(asyncio.CancelledError):
            await refreshing


@asynccontextmanager
async def _working(
    kit: Kit, app: FastAPI, settings: Settings, core: Core, strain: Strain, languages: LanguageDetector
) -> AsyncIterator[tuple[TurnsHere, OfflineBrain]]:
    embedder = await asyncio.to_thread(Embedder.load)
    brains = build_brains(settings, kit.http, embedder)
    publisher = Publisher(kit.redis, kit.metrics, core.hub)
    publisher.start()
    database = kit.db.share(settings.database_pool_size - max(1, settings.database_pool_size // 4))
    world = _world(kit, database, settings, core, brains, publisher, languages)
    running = RunningTurns(kit.db)
    room = Room(
        settings.worker_concurrency,
        kit.metrics.gauge("aiguy_turns_limit", "Turns that this worker runs at most, as yet"),
        added_s=settings.turn_added_s,
        strained=strain.is_felt,
    )
    turns = TurnJobs(world, core.conversations, core.codec, core.queue, running)
    promises = PromiseJobs(world, core.conversations, core.codec, core.queue, settings.approvals_channel)
    mails = MailJobs(
        world, core.conversations, core.codec, settings.shop_name or shop_name(), _mails(kit), core.queue,
        core.services, core.email, core.proving,
    )  # fmt: skip
    slack = (
        None if core.slack is None
        else slack_jobs(core.slack, world, core.conversations, core.codec, core.hub, kit.clock)
    )  # fmt: skip
    worker = Worker(settings.database_url, kit.db, turns, promises, mails, core.erasures, room, slack)
    here = TurnsHere(kit.db, turns, room)
    running.start()
    here.start()
    worker.start()
    app.state.checks["worker"] = worker.check
    try:
        yield here, brains.offline
    finally:
        await asyncio.gather(here.stop(), worker.stop())
        await running.stop()
        await publisher.close()
        embedder.close()


def _world(
    kit: Kit, database: Database, settings: Settings, core: Core, brains: Brains, publisher: Publisher,
    languages: LanguageDetector,
) -> Collaborators:  # fmt: skip
    phrases, profile = load_phrases(), PROFILES[settings.llm_prompts]
    return Collaborators(
        brain=brains.main, small=brains.small, offline=brains.offline, catalog=core.tools.catalog,
        gateway=core.tools.gateway, memory=ShortTermMemory.of(kit.spare, kit.db, kit.metrics), vaults=core.vaults,
        publisher=publisher,
        database=database, scheduler=core.queue, phrases=phrases,
        standing=standing(read_policy("business"), (*phrases.all_texts(), *brains.offline.phrases())),
        escalation=load_escalation_policy(),
        output=load_output_policy(
            core.vaults.finder, names=own_names(), prompts=(read_prompt(profile.planner), read_prompt(profile.writer)),
            hosts=settings.answer_link_hosts,
        ),
        languages=languages, topics={one: Vocabulary.load(one) for one in TRANSLATED}, metrics=TurnMetrics(kit.metrics),
        clock=kit.clock, confirmation_ttl_s=settings.confirmation_ttl_s, approval_ttl_s=settings.approval_ttl_s,
        most_refusals=core.screen.guard.policy.refusals, faq=load_faq(settings.faq_file), hours=core.hours,
        proving=core.proving,
    )  # fmt: skip
