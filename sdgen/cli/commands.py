"""The commands, in the order in which people are shown them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its module is imported only when the command is the one that runs."""

    name: str
    module: str
    summary: str


COMMANDS = {
    command.name: command
    for command in (
        Command("generate", "generate", "Draw PROMPT. The word generate may be left out."),
        Command("batch", "batch", "Draw every job of a file; goes on where it stopped."),
        Command("batch-status", "batch_status", "Show how far batches and their shards are."),
        Command("batch-merge", "batch_merge", "Bring the shards of a batch together."),
        Command("grid", "grid", "Draw what settings and words do, on one labelled sheet."),
        Command("film", "film", "Show how a picture comes out of the noise, and where words lead."),
        Command("shell", "shell", "Type prompts and refine pictures while the model stays loaded."),
        Command("reproduce", "reproduce", "Draw again from the record: is it the same picture?"),
        Command("lock", "lock", "Write down which models and versions draw; --locked holds them."),
        Command("gallery", "gallery", "Make one HTML page to look through pictures."),
        Command("contact-sheet", "contact_sheet", "Put the pictures of a folder on one sheet."),
        Command("show", "show", "Show what made a picture."),
        Command("find", "find", "Find pictures by what made them."),
        Command("schema", "schema", "Print the JSON Schema of a picture's record, or of a lock."),
        Command("diff", "diff", "Show what differs between two pictures."),
        Command("explain", "explain", "Show each setting and the place that gave its value."),
        Command("upscale", "upscale", "Enlarge pictures, by Lanczos or by drawing over them."),
        Command("convert", "convert", "Write pictures in another format, with their record."),
        Command("strip", "strip", "Take everything out of pictures but the pixels."),
        Command("tokens", "tokens", "Show how a model reads a prompt."),
        Command("models", "models_cmd", "The models that are here."),
        Command("configs", "configs_cmd", "The named settings."),
        Command("schedulers", "schedulers_cmd", "The schedulers, and their names elsewhere."),
        Command("doctor", "doctor", "Check device, libraries, folders, and say what to do."),
    )
}
