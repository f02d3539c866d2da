"""The words by which a claim shows itself, as patterns for English and for Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

LESS: Final = "less"
MORE: Final = "more"
EARLY: Final = "early"
LATE: Final = "late"
OPPOSITE: Final = {LESS: MORE, MORE: LESS, EARLY: LATE, LATE: EARLY}

_PARTS: Final[dict[str, tuple[str, str]]] = {
    "knee": (r"knees?", "膝"),
    "hip": (r"hips?|pelvis", "髋|骨盆"),
    "elbow": (r"elbows?", "肘"),
    "wrist": (r"wrists?", "腕"),
    "ankle": (r"ankles?", "踝"),
    "shoulder": (r"shoulders?", "肩"),
    "head": (r"heads?|chin|neck|eyes?|gaze", "头|颈|下巴|眼|视线"),
    "trunk": (
        r"trunk|torso|spine|upper body|core|(?:lower|upper) back|(?<=your )back|(?<=the )back(?! of)",
        "躯干|背|上体|腰",
    ),
    "arm": (r"arms?|forearms?", "臂"),
    "hand": (r"hands?|fingers?|palms?", "手(?!臂|腕|肘)"),
    "leg": (r"legs?|thighs?|shins?|shanks?", "腿"),
    "foot": (r"foot|feet|heels?|toes?", "脚"),
    "ball": (r"balls?", "球"),
}
_SUBJECTS: Final[dict[str, tuple[str, str]]] = {
    "bend": (r"bend(?:ing|s)?|bent|flex(?:ion|ed|ing)?", "屈|弯"),
    "crouch": (r"crouch(?:ed|ing|es)?|squat(?:ted|ting|s)?|dip(?:ped|ping|s)?", "蹲"),
    "extension": (r"exten(?:sion|d|ded|ding)|straight(?:en|ened|ening)?|stretch(?:ed|ing)?", "伸|直"),
    "swing": (r"sw(?:ing|ings|inging|ung)|back-?swing", "摆"),
    "lean": (r"lean(?:ed|ing|s)?|upright|tilt(?:ed)?|inclination|arch(?:ed|ing)?", "倾|仰|直立"),
    "height": (r"height|rise|rose", "高度|上升"),
    "distance": (r"distance|length", "距离"),
    "speed": (r"speed|velocity|pace", "速度|速率"),
    "timing": (r"timing|tempo|rhythm|duration", "时机|节奏|时间"),
    "reach": (r"reach(?:ing)?|reached (?:forward|out|ahead|far)", "前伸"),
    "symmetry": (r"symmetr(?:y|ic|ical)|asymmetr(?:y|ic)|uneven|even(?:ly)?|alike", "对称|不均|一致"),
    "flare": (r"flar(?:e|ed|ing|es)|outward", "外展|外翻"),
    "inward": (r"inwards?|tucked|flar\w+ in|turned in|drift\w* in", "内收|内扣|向内"),
    "follow_through": (r"follow-?\s?through", "跟随|随挥"),
    "twist": (r"twist(?:ed|ing)?|rotat(?:ion|ed|ing)|turn(?:ed)?", "扭|转"),
}
#: Nothing here is measured; such a word needs a supplied text that uses it.
_UNMEASURED: Final = (
    r"force|power|torque|strength|balance|stability|pressure|muscles?|flexibility|energy|heart|breath\w*|"
    r"acceleration|momentum|jerk|explosiv\w*|impact|grip|spin|accuracy|fitness|agility|endurance|reaction",
    "力量|爆发力|功率|扭矩|平衡|稳定性|压力|肌肉|柔韧|能量|心率|呼吸|加速度|冲击|握力|准确|体能|敏捷|耐力|反应",
)
_DIRECTIONS: Final[dict[str, tuple[str, str]]] = {
    LESS: (
        r"insufficient\w*|too little|not enough|shallow\w*|weak\w*|low(?:er)?|short(?:er)?|slow(?:er|ly)?|small(?:er)?|"
        r"less|lack\w*|incomplete\w*|limited|flat\w*|stiff\w*|below|reduced|hardly|barely|missing|too upright|fewer",
        "不足|不够|过浅|太浅|过低|太低|偏低|过慢|太慢|过小|太小|偏小|不充分|过短|太短|太弱|不到位|过硬|太硬|过直|太直|低于|较少|减少|减小|降低|少",
    ),
    MORE: (
        r"too much|excess\w*|deep(?:er|ly)?|high(?:er)?|long(?:er)?|wid(?:e|er)|fast(?:er)?|far(?:ther)?|further|"
        r"more|above|"
        r"greater|larger|bigger|steep\w*|exaggerated|over-?\w*(?:ed|ing)",
        "过大|太大|偏大|过深|太深|过高|太高|偏高|过长|太长|过快|太快|过度|过多|太多|高于|超过|增加|加大|加深|更|再|多",
    ),
    EARLY: (r"early|earlier|soon(?:er)?|premature\w*", "过早|太早|提前|早|先(?=着|落|触|离|动|发|伸|摆)"),
    LATE: (r"late(?:r)?|delay(?:ed)?", "过晚|太晚|延后|滞后|晚"),
}
#: Verbs that tell what happened.
_PAST: Final = (
    r"had|has|did|does|bent|swung|swings|kept|held|went|came|comes|got|rose|fell|took|made|gave|began|stood|threw|"
    r"drove|\w\w+ed(?<!need)(?<!worked)(?<!speed)(?<!indeed)(?<!exceed)(?<!feed)"
)
#: What asks for something: a verb at the beginning, or one of these anywhere.
_ADVICE: Final = (
    r"next time|try|think|remember|practi[cs]e\w*|work on|drill|cue|should|let'?s|let us|please|"
    r"aim|goal|want|needs?|must|"
    r"focus|exercise|worked when|will|helps?|for example|"
    r"(?<=^)\W*(?:(?:now|then|first|and|also|just|after that|next)\W+)*(?:swing|bend|land|push|jump|extend|straighten|"
    r"stretch|keep|hold|let|get|have|allow|leave|raise|lift|lower|reach|start|begin|use|move|drive|dip|crouch|"
    r"release|follow|stay|lean|curl|tuck|"
    r"bring|put|point|finish|open|turn|rise|go|make|give|slow|relax|touch|press|shoot|throw|"
    r"pass|snap|sink|sit|stand|roll|"
    r"more|less|do|stop|lie|toss|catch|count|place|take|set|repeat|walk|step|drop|spread|face|imagine|call|clap)",
    "练习|口令|试|记住|下次|想|要|请|应|检验|会|改进|首先|其次|再次|更|再|目标|减少|减小|降低|放慢|增加|加大|加深|加快|^[多少别勿]",
)
#: With what advice is begun, before what is to be done.
_LEAD_IN: Final = (
    r"^\W*(?:(?:next time|now|then|so|please|just|try to|remember to|remember|think of|think|focus on|the cue is|cue|"
    r"practi[cs]e|drill|try this)\W+)+",
    "^(?:下次记住|下次|请|试着|记住|口令|练习|试试这个)[：:，,]?",
)
#: A bare comparative asks for a change; these say that something is so.
_STATEMENT: Final = (
    r"too|than|not enough|insufficient\w*|incomplete\w*|lack\w*|was|were|is|are|stays?|still|remain\w*|measured|"
    rf"{_PAST}",
    "太|过|不足|不够|不充分|不到位|低于|高于|偏|超过|比|(?<![值记获])得|了(?!解)",
)
_PRAISE: Final = (
    r"good|great|well|excellent|strong|solid|nice(?:ly)?|perfect(?:ly)?|correct(?:ly)?|impressive|fine|"
    r"as in the target|"
    r"(?:like|as|match\w*) the target(?:'s)?|on target|within tolerance|effective|smooth(?:ly)?|clean(?:ly)?|"
    r"right on|proud|"
    r"bravo|confident\w*|spot on|superb|fantastic|wonderful|beautiful\w*",
    "好|很棒|出色|到位|符合|相符|优秀|标准|漂亮|正确|流畅|保持",
)
_FAULT: Final = (
    r"too|insufficient\w*|not enough|lack\w*|weak\w*|poor(?:ly)?|bad(?:ly)?|wrong(?:ly)?|faults?|mistakes?|"
    r"errors?|deviat\w*|"
    r"differ(?:s|ed)?|problems?|issues?|improv\w*|needs?|should|must|incomplete\w*|late|early|terribl\w*|incorrect\w*|"
    r"missing|miss(?:ed|es)|fail\w*|(?:work|focus|concentrate) on(?! (?:this|these|it|that|next|first|one))|to gain|"
    r"room for|think (?:about|of)|attention|shallow\w*|stiff\w*|uneven\w*|excess\w*|worst|worse|"
    r"concern\w*|asymmetr\w*|flaw\w*",
    "不足|不够|过[大小高低深浅早晚快慢长短硬直度多]|太|偏[大小高低]|问题|错误|欠缺|改进|不充分|不到位|不均|偏差|差|应该|需要|缺点|注意",
)
_NEGATION: Final = (r"not|no|never|without|neither|nor|nothing", "不(?!足|够|均|到位|充分)|没有|无")
#: What is said of something true with these need not be true: causes, conditions, denials in other words, comparisons
#: turned round, pain, and what was not assessed. Such a sentence stands only as it was supplied.
_ONLY_AS_SUPPLIED: Final = (
    r"because|caus\w*|due to|owing to|leads? to|led to|results? in|resulted|therefore|thus|"
    r"hence|consequen\w*|thanks to|"
    r"which is why|that is why|explains?|explained|since|as a result|"
    r"if|unless|otherwise|(?:should|could|might|would) have|(?:crouch|squat|dip)\w* (?:\w+ ){0,2}high\w*|"
    r"nobody|no one|none|nowhere|hardly|barely|scarcely|rarely|seldom|anything but|far from|"
    r"rather than|instead of(?! (?:the target\w* )?\d)|unlike|"
    r"except\w*|apart from|other than|without|free (?:of|from)|avoid\w*|den(?:y|ied|ies)|false|untrue|myth|wrongly|"
    r"no longer|used to|last time|previous\w*|yesterday|improved|got|became|grew|getting|"
    r"worsen\w*|pain\w*|hurts?|aches?|sore|\?|"
    r"than (?:you|yours|your|his|hers|her|the athlete\w*)|"
    r"(?:not|un|never) ?(?:assessed|measured|seen|recorded|visible)|(?:not|n't) be (?:assessed|"
    r"measured|seen|told|judged)|"
    r"hidden|too close|measurement error|certain\w*|only|always|never|every|all|most|half|twice|double|"
    # Parts and bounds of a number, repetition and what is to come, likeness, and what points to another sentence.
    r"an? (?:third|quarter|fifth|tenth|fraction)|thirds|quarters|fifths|tenths|dozens?|hundreds?|thousands?|between|"
    r"(?:almost|nearly|over|under|above|below|beyond|around|roughly|approximately|"
    r"up to|at least|at most|more than|less than|past) \d\S*|"
    r"(?<!try )(?<!once )again|will|won't|going to|soon|tomorrow|today|as ever|now that|aside|"
    r"as an?|like an?|for an?|as \w+ as|same|likewise|similar\w*|"
    r"so (?:was|were|did|is|are|does)|the other|another|the rest|"
    r"(?:ahead of|behind|before|after) (?:the |your )?(?:left|right)",
    "因为|由于|所以|因此|导致|造成|引起|使得|从而|如果|要是|假如|否则|"
    "并非|绝不|毫不|毫无|谈不上|不能说|难说|不算|哪里|岂|没人|无人|除了|除非|而不是|避免|不再|曾经|上次|以前|之前|昨天|进步|"
    "比你|比您|于你|于您|未评估|没有评估|未测|没有测|无法|看不到|误差|并不|并没|不少|不多|不是|已经|改掉|改正|克服|消失|疼|痛|谁|[?？]|肯定|只有|总是|从不|每次|全部|所有|一半|两倍|越来越|变得|变差|变好|"
    "分之|[一二两三四五六七八九]成|[百千万]|接近|左右|大约|约(?=\\d)|之间|至少|最多|还会|将会|又会|会再|仍|(?<![录图摄])像|如同|如此|作为|来说|"
    "同样|一样|类似|另一|其他|今天|天生",
)
_COMPARISON: Final = (r"than|compared", "于|比")
_SCORE: Final = (
    r"scores?|scored|points|(?<=\d )point|marks?|grades?|total|out of 100|rating",
    "得分|分数|总分|等级|分(?!钟)",
)
#: Sentences with these never get out: instructions, addresses, code, medicine, and remarks on the body.
_FORBIDDEN: Final = (
    r"ignore|disregard|instructions?|prompt|as an ai|language model|password|injur\w*|diagnos\w*|doctors?|"
    r"medic\w*|therap\w*|"
    r"surgery|tears?|torn|fracture\w*|tendon\w*|ligament\w*|arthritis|painkiller\w*|ibuprofen|fat|body mass|overweight|"
    r"obes\w*|skinny|"
    r"ugly|lazy|stupid|diets?|calori\w*|weight loss|lose weight|body shape|girls?|boys?|gender|race|click|"
    r"subscribe|buy",
    "忽略|无视|指令|提示词|受伤|损伤|诊断|医生|治疗|手术|韧带|骨折|止痛|肥胖|太胖|太瘦|减肥|难看|懒|笨|节食|点击|购买",
)
_CODE: Final = r"https?:|www\.|<[a-z/!]|```|[{}\[\]\\]"
_SPLIT: Final = (
    r"\s*[;:–—]\s*|\s+(?:but|while(?! \w+ing\b)|although|though|whereas|however|because)\s+|"
    r",\s+(?:and|which|so|then)\s+|"
    r"\s+and\s+(?=(?:your|the|his|her|their|you|it)\b)",
    "[;；:：，,]|但是|但|而且|然而|因为",
)


@dataclass(frozen=True)
class Lexicon:
    """Compiled patterns of one language; mappings go from the claim's name to its pattern."""

    parts: Mapping[str, re.Pattern[str]]
    subjects: Mapping[str, re.Pattern[str]]
    directions: Mapping[str, re.Pattern[str]]
    unmeasured: re.Pattern[str]
    statement: re.Pattern[str]
    advice: re.Pattern[str]
    lead_in: re.Pattern[str]
    praise: re.Pattern[str]
    fault: re.Pattern[str]
    negation: re.Pattern[str]
    comparison: re.Pattern[str]
    score: re.Pattern[str]
    only_as_supplied: re.Pattern[str]
    forbidden: re.Pattern[str]
    clauses: re.Pattern[str]


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of "zh", or of English for every other language."""
    chinese = language == "zh"

    def words(pair: tuple[str, str]) -> re.Pattern[str]:
        # Chinese has no word boundaries.
        return re.compile(pair[1] if chinese else rf"(?<![a-z])(?:{pair[0]})(?![a-z])", re.IGNORECASE)

    return Lexicon(
        parts={name: words(pair) for name, pair in _PARTS.items()},
        subjects={name: words(pair) for name, pair in _SUBJECTS.items()},
        directions={name: words(pair) for name, pair in _DIRECTIONS.items()},
        unmeasured=words(_UNMEASURED),
        statement=words(_STATEMENT),
        advice=words(_ADVICE),
        lead_in=re.compile(_LEAD_IN[chinese], re.IGNORECASE),
        praise=words(_PRAISE),
        fault=words(_FAULT),
        negation=re.compile(_NEGATION[1] if chinese else rf"(?<![a-z])(?:{_NEGATION[0]})(?![a-z])|n't", re.IGNORECASE),
        comparison=words(_COMPARISON),
        score=words(_SCORE),
        only_as_supplied=words(_ONLY_AS_SUPPLIED),
        forbidden=re.compile(f"{_CODE}|{words(_FORBIDDEN).pattern}", re.IGNORECASE),
        clauses=re.compile(_SPLIT[1] if chinese else _SPLIT[0], re.IGNORECASE),
    )
