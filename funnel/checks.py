"""What the path asks of a message before it is recorded."""

from contacts.messages import Message, Refusal
from funnel.models import Stage


def check_stage_set(message: Message) -> None:
    """A stage set by hand must be one of ours and in use; otherwise the decision would silently do nothing."""
    key = message.properties.get("stage")
    stage = Stage.objects.filter(key=key).first() if isinstance(key, str) else None
    if stage is None:
        raise Refusal("unknown-stage", "/properties/stage", "There is no such stage on the path.")
    if stage.archived_at:
        raise Refusal(
            "archived-stage", "/properties/stage", "This stage has been archived: nobody is set to it any more."
        )


def stages_in_use() -> list[str]:
    """The keys of the stages that somebody may be set to, in order."""
    return list(Stage.objects.in_use().values_list("key", flat=True))
