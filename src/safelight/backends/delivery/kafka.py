"""Delivery through Kafka: the offset of a message is committed once its effect is safe."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import structlog
from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OutOfOrderSequenceNumber
from faststream import AckPolicy
from faststream.exceptions import FastStreamException
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka import Topic as FastStreamTopic

from safelight.backends.delivery import BACKOFF, Handler, Oversized, Undelivered
from safelight.backends.delivery.backoff import HANDLE_SECONDS, BackOff, log_failure, reason_of
from safelight.backends.delivery.records import as_it_is, message_of_record, parse
from safelight.backends.delivery.topics import LARGEST_BYTES, Cluster, is_reachable, make_topics
from safelight.contract.messages import DEAD_LETTERS, Message, dead_letter

RETRY_SECONDS = 1.0
WATCH_SECONDS = 2.0
JOIN_SECONDS = 2.0
SEND_SECONDS = 15.0
METADATA_SECONDS = 10
"""Until topics and partitions that were made meanwhile are noticed."""
SESSION_SECONDS = 10
"""Silence after which Kafka takes a consumer for dead."""
KEY_LENGTH, HEADER_LENGTH, REASON_LENGTH = 256, 8192, 1024
"""What is left, at most, of a foreign message's surroundings where it is too large to be kept."""

T = TypeVar("T")

log = structlog.get_logger()
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class _Subscription:
    topic: str
    handler: Handler
    group: str
    at_once: int


class KafkaDelivery:
    """Messages with one key go to one partition, so they arrive in the order of their sending.

    A handler that raises is tried again as `BackOff` says; then the message goes to the dead-letter
    topic with the reason, as does one that can't be read. Only when that is done the next one of
    its partition is taken up.
    """

    def __init__(self, cluster: Cluster, backoff: Sequence[float] = BACKOFF) -> None:
        self._cluster = cluster
        self._backoff = backoff
        self._subscriptions: list[_Subscription] = []
        self._sender: KafkaBroker | None = None
        self._receiver: KafkaBroker | None = None
        self._reachable = False
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False
        self._handled: set[asyncio.Task[None]] = set()

    def subscribe(self, topic: str, handler: Handler, group: str, at_once: int = 1) -> None:
        self._subscriptions.append(_Subscription(topic, handler, group, at_once))

    async def start(self) -> None:
        """Returns at once: Kafka may come up later than we do."""
        self._tasks = [
            asyncio.create_task(self._come_up(), name="connect to kafka"),
            asyncio.create_task(self._watch(), name="watch kafka"),
        ]

    async def stop(self, patience: float) -> None:
        self._closing = True
        if self._sender is not None:
            # A receiver whose start is cut off would stay a member of its groups for a while.
            await asyncio.wait(self._tasks[:1], timeout=min(patience, JOIN_SECONDS))
        for task in self._tasks:
            task.cancel()
        await _ended(self._tasks)
        if self._handled:
            await asyncio.wait(self._handled, timeout=patience)
        for broker in (self._receiver, self._sender):
            if broker is not None:
                await _ended([asyncio.create_task(broker.stop())])

    async def send(self, message: Message) -> None:
        [failure] = await self.send_all([message])
        if isinstance(failure, MessageSizeTooLargeError):
            raise Oversized(f"no broker takes it: {failure}") from failure
        if failure is not None:
            raise Undelivered(f"not delivered: {failure}") from failure

    async def send_all(self, messages: Sequence[Message]) -> list[BaseException | None]:
        """In flight together: Kafka's own batches and the idempotent producer keep the order."""
        sender = self._sender
        if sender is None:
            return [Undelivered("Kafka can't be reached yet")] * len(messages)
        acknowledged: list[asyncio.Future[Any]] = []
        unsent: list[BaseException | None] = []
        try:
            async with asyncio.timeout(SEND_SECONDS):
                for message in messages:
                    acknowledged.append(await self._publish(sender, message))
        except (KafkaError, FastStreamException, TimeoutError) as failure:
            unsent = [failure] * (len(messages) - len(acknowledged))
        results = [*await _settled(acknowledged), *unsent]
        if any(isinstance(result, OutOfOrderSequenceNumber) for result in results):
            self._replace(sender)
        return results

    def is_up(self) -> bool:
        return self._sender is not None and self._reachable

    async def _publish(self, broker: KafkaBroker, message: Message) -> "asyncio.Future[Any]":
        return await broker.publish(
            message.body,
            self._cluster.name_of(message.topic),
            key=message.key.encode(),
            headers=message.headers,
            no_confirm=True,
        )

    async def _come_up(self) -> None:
        """Sending comes first: receiving may have to wait until Kafka gives up on a dead member."""
        await self._persist(lambda: make_topics(self._cluster))
        self._sender = await self._started(self._make_broker)
        self._receiver = await self._started(self._make_receiver)

    def _replace(self, sender: KafkaBroker) -> None:
        """An idempotent producer that Kafka once refused a message has lost count for good."""

        async def replace_it() -> None:
            with suppress(Exception):
                await sender.stop()
            self._sender = await self._started(self._make_broker)

        if self._sender is sender and not self._closing:
            self._sender = None
            self._tasks.append(asyncio.create_task(replace_it(), name="replace the sender"))

    async def _started(self, make: Callable[[], KafkaBroker]) -> KafkaBroker:
        async def start() -> KafkaBroker:
            broker = make()
            try:
                await broker.start()
            except BaseException:
                with suppress(Exception):
                    await broker.stop()
                raise
            return broker

        return await self._persist(start)

    async def _persist(self, act: Callable[[], Awaitable[T]]) -> T:
        """Whatever is wrong, the broker may be well in a moment."""
        while True:
            try:
                return await act()
            except Exception as error:
                log.debug("not yet", reason=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _watch(self) -> None:
        """The clients mend themselves and tell nobody but the log, dozens of times a second."""
        told: bool | None = None
        while True:
            self._reachable = await is_reachable(self._cluster)
            if self._reachable and told is not True:
                log.info("kafka is there", servers=self._cluster.servers)
            elif not self._reachable and told is not False:
                log.warning("kafka is away; waiting for it", servers=self._cluster.servers)
            told = self._reachable
            await asyncio.sleep(WATCH_SECONDS if self._reachable else RETRY_SECONDS)

    def _make_broker(self) -> KafkaBroker:
        return KafkaBroker(
            self._cluster.servers,
            client_id="safelight",
            acks="all",
            enable_idempotence=True,
            linger_ms=2,
            max_request_size=LARGEST_BYTES,
            request_timeout_ms=int(SEND_SECONDS * 1000),
            metadata_max_age_ms=METADATA_SECONDS * 1000,
            graceful_timeout=1.0,
            decoder=as_it_is,
            parser=parse,
            logger=None,
            apply_types=False,
        )

    def _make_receiver(self) -> KafkaBroker:
        broker = self._make_broker()
        for subscription in self._subscriptions:
            subscriber = broker.subscriber(
                FastStreamTopic(self._cluster.name_of(subscription.topic), declare=False),
                group_id=f"{self._cluster.prefix}-{subscription.group}",
                auto_offset_reset="earliest",
                ack_policy=AckPolicy.MANUAL,
                max_workers=subscription.at_once,
                max_poll_interval_ms=HANDLE_SECONDS * 1000,
                session_timeout_ms=SESSION_SECONDS * 1000,
                rebalance_timeout_ms=SESSION_SECONDS * 1000,
                fetch_max_wait_ms=100,
                no_reply=True,
            )
            subscriber(partial(self._take, subscription))
        return broker

    async def _take(self, subscription: _Subscription, arrived: KafkaMessage) -> None:
        if self._closing:
            await asyncio.Event().wait()  # until this consumer is stopped; another one takes it
        task = asyncio.create_task(self._handle(subscription, arrived))
        self._handled.add(task)
        task.add_done_callback(self._handled.discard)
        await task

    async def _handle(self, subscription: _Subscription, arrived: KafkaMessage) -> None:
        record = arrived.raw_message
        assert isinstance(record, ConsumerRecord)  # noqa: S101 - no batches here
        message = message_of_record(subscription.topic, record)
        backoff = BackOff(self._backoff)
        while True:
            try:
                await subscription.handler(message)
                break
            except Exception as error:
                log_failure(message, error)
                pause = backoff.after(error)
                if pause is None and message.topic == DEAD_LETTERS:
                    pause = RETRY_SECONDS  # there is no further place for it
                if pause is None:
                    await self._bury(message, reason_of(error))
                    break
            await asyncio.sleep(pause)
        try:
            await arrived.ack()
        except KafkaError as error:
            # Another member has the partition by now, and handles the message as well.
            reason = type(error).__name__
            log.info("not committed", topic=message.topic, key=message.key, reason=reason)

    async def _bury(self, message: Message, reason: str) -> None:
        """However long it takes: a message that is let go of unburied is lost."""
        while True:
            try:
                return await self.send(dead_letter(message, reason))
            except (Undelivered, Oversized) as failure:
                smaller = _smaller(message)
                if isinstance(failure, Oversized) and smaller != message:
                    lost = _size(message) - _size(smaller)
                    reason = f"{reason[:REASON_LENGTH]} ({lost} bytes of it were too many to keep)"
                    message = smaller
                    continue
                log.warning("no dead letter yet", topic=message.topic, key=message.key)
                await asyncio.sleep(RETRY_SECONDS)


async def _ended(tasks: "Sequence[asyncio.Task[Any]]") -> None:
    """Wait for them, but no longer than Kafka itself would: a client that was stopped while it
    joined its group may never end.
    """
    if tasks:
        done, late = await asyncio.wait(tasks, timeout=SESSION_SECONDS)
        await asyncio.gather(*done, return_exceptions=True)
        if late:
            log.warning("a client of Kafka does not end and is left behind", clients=len(late))


async def _settled(acknowledged: "Sequence[asyncio.Future[Any]]") -> list[BaseException | None]:
    answers = await asyncio.gather(*acknowledged, return_exceptions=True)
    return [answer if isinstance(answer, BaseException) else None for answer in answers]


def _smaller(message: Message) -> Message:
    """What can still be kept of one that is too large: rather its body than what is around it."""
    if len(message.key) > KEY_LENGTH or _size(message) > len(message.body) + HEADER_LENGTH:
        return Message(message.topic, message.key[:KEY_LENGTH], message.body)
    return replace(message, body=b"")


def _size(message: Message) -> int:
    around = sum(len(name) + len(value) for name, value in message.headers.items())
    return len(message.body) + len(message.key) + around
