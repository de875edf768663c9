"""A queue that is subscribed to a topic: what a person who is told of alarms would receive."""

import json
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from local.embedded import EmbeddedAws

_PAUSE = 0.1


@dataclass(frozen=True)
class Subscriber:
    """Reads what a topic delivers."""

    sqs: Any
    url: str

    def notifications(self) -> list[dict[str, Any]]:
        """Take everything that has come, oldest first, as SNS wraps it."""
        taken: list[dict[str, Any]] = []
        while True:
            received = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
            if not received:
                return taken
            for message in received:
                taken.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def messages(self) -> list[dict[str, Any]]:
        """Take everything that has come, as it was published."""
        return [json.loads(notification["Message"]) for notification in self.notifications()]

    def is_told_of(self, alarm: str, *, within: float) -> bool:
        """Wait, at most so many seconds, for an alarm of CloudWatch by its name."""
        ends = time.monotonic() + within
        while time.monotonic() < ends:
            if any(message.get("AlarmName") == alarm for message in self.messages()):
                return True
            time.sleep(_PAUSE)
        return False


def subscribe(aws: EmbeddedAws, topic: str) -> Subscriber:
    """Subscribe a new queue to a topic."""
    sqs = aws.client("sqs")
    name = f"subscriber-{uuid4()}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return Subscriber(sqs, url)
