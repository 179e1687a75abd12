"""What `capture:NAME` can name: models that no library ships in the form which a trace needs, one file a family."""

from capture.bert import bert_base, bert_large_128, bert_large_512  # noqa: F401
from capture.detection import ssd300, yolov3, yolov3_tiny  # noqa: F401
from capture.gpt2 import gpt2  # noqa: F401
from capture.inception import inception_v4  # noqa: F401
from capture.llama import tinyllama, tinyllama_decode  # noqa: F401
from capture.lstm import bilstm_swb300, lstm_ptb, lstm_ptb_large  # noqa: F401
from capture.mobilenet import mobilenet_v1  # noqa: F401
from capture.transformer import transformer_base  # noqa: F401
