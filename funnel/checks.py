"""What the path asks of a message before it is recorded."""

from contacts.messages import Message, Refusal
from funnel.models import Stage


def check_stage_set(message: Message) -> None:
    """A stage set by hand must be one of ours; otherwise the decision would silently do nothing."""
    stage = message.properties.get("stage")
    if not isinstance(stage, str) or not Stage.objects.filter(key=stage).exists():
        raise Refusal("unknown-stage", "/properties/stage", "There is no such stage on the path.")
