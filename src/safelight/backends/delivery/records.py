"""Kafka's records as messages. Anybody may write to a topic, so a record may hold anything."""

from typing import Any

from aiokafka import ConsumerRecord
from faststream.kafka import KafkaMessage

from safelight.contract.messages import Message


async def as_it_is(message: KafkaMessage) -> KafkaMessage:
    """FastStream would decode the body by content type, and lose what it can't."""
    return message


async def parse(record: ConsumerRecord[Any, Any], original: Any) -> Any:
    """FastStream loses messages whose headers are no text; anybody may write such a one."""
    record.headers = [(name, _text(value).encode()) for name, value in record.headers]
    return await original(record)


def message_of_record(topic: str, record: "ConsumerRecord[Any, Any]") -> Message:
    """Anybody may write to a topic: whatever the record holds, it becomes a message."""
    headers = {name: _text(value) for name, value in record.headers if name != "correlation_id"}
    return Message(topic, _text(record.key), record.value or b"", headers)


def _text(given: bytes | None) -> str:
    """Any bytes as text that everything downstream can keep."""
    return (given or b"").decode(errors="backslashreplace").replace("\0", "\\x00")
