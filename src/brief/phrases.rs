//! The table behind the lexicon: phrases, one `|` between them, and what they stand for.
//!
//! Its own file because it is long and only data. Phrases match whole words, whatever their case.
//! INVARIANT: no phrase is empty; a topic's text is fit to stand in a sentence after "about".

use super::content::RiskKind as R;
use super::lexicon::RequestKind as K;
use super::lexicon::Sense::{self, Calm, Enclosure, Impact, Kind, Machine, Outage, Risk, Topic, Until, Urgent};

pub(crate) const PHRASES: &[(Sense, &str)] = &[
    // ---- hurry
    (
        Urgent(3),
        "urgent|urgently|asap|a.s.a.p|as soon as possible|right away|straight away|emergency|drop everything|time-critical|time critical",
    ),
    (
        Urgent(2),
        "immediately|immediate|at once|critical|time sensitive|time-sensitive|high priority|top priority|without delay|promptly|quickly as possible|soon as you can|right now|can't wait|cannot wait|running out of time|last minute|escalate|escalating|blocker|blocking us|blocked|deadline|overdue|final notice|final reminder|last chance|expires|expiring",
    ),
    (
        Urgent(1),
        "soon|quickly|priority|important|today|tonight|this afternoon|eod|end of day|tomorrow|within the hour|in the next hour",
    ),
    (
        Urgent(3),
        "dringend|dringende|dringender|eilig|schnellstmöglich|so schnell wie möglich|urgente|urgentemente|urgence|dès que possible|lo antes posible|cuanto antes|il prima possibile|spoed|dringendst|zo snel mogelijk|o mais rápido possível|pilne|pilnie|jak najszybciej|brådskande|срочно|緊急|至急|紧急|긴급",
    ),
    (
        Calm,
        "not urgent|no rush|no hurry|nothing urgent|isn't urgent|is not urgent|not that urgent|not an emergency|no emergency|whenever you have time|whenever you can|when you have time|when you get a chance|take your time|low priority|not a priority|no pressure|nicht dringend|nicht eilig|at your leisure|at your convenience|whenever suits|can wait|not critical|not time critical|non-urgent|nice to have|minor issue|trivial|cosmetic",
    ),
    // ---- standstill
    (
        Outage(3),
        "outage|is down|are down|went down|has been down|completely down|system down|site down|server down|offline|data loss|lost data|lost all|nothing works|nothing is working|total failure|at a standstill|stands still|stood still|production down|production is down",
    ),
    (
        Outage(2),
        "crash|crashes|crashed|crashing|cannot log in|can't log in|cannot login|can't login|can't access|cannot access|unable to access|unable to log in|locked out|not working|doesn't work|does not work|stopped working|stopped|broken|won't start|not responding|unresponsive|deadlock|hangs|hanging|frozen|corrupt|corrupted|corruption|unavailable|fails completely",
    ),
    (
        Outage(1),
        "error|errors|fails|failing|failed|failure|bug|timeout|times out|timing out|exception|500 error|glitch|malfunction|leak|leaking|flooded",
    ),
    (
        Impact,
        "we lose|we are losing|all users|all our users|every user|all customers|all our customers|everyone|every customer|whole company|entire company|the whole team|whole team|entire team|our team|all staff|losing money|losing orders|losing customers|lost orders|lost revenue|costing us|cost us|losing sales|production|payroll|guests|patients",
    ),
    // ---- kinds
    (
        Kind(K::Lead, 3),
        "quote|quotation|an offer|your offer|an estimate|a proposal|request for proposal|rfp|rfq|price list|pricing|a demo|book a demo|looking for a partner|looking for someone|looking for a company|looking for an agency|looking for help with|looking to hire an agency|we are interested in|i am interested in|interested in working with|interested in your|how much would it cost|what would it cost|how much do you charge|what do you charge|what would you charge|when could you start|agencies for|quote us|your rates|your services|get started with|we want to automate|would like to automate|we'd like to automate|want to automate|looking to automate|we need a new|new website|new project|pilot project|free trial",
    ),
    (
        Kind(K::Lead, 2),
        "looking for|considering|evaluating|relaunch|agencies|freelancer|our budget|budget|do you offer|can you help us build|build us|develop|implement|consulting|rollout|roll out|migrate|migration|integrate|integration|automation|automate|seats|licences|licenses|licensing|scope|timeline|requirements|subscription plan|go live|kick off|kick-off",
    ),
    (
        Kind(K::Support, 3),
        "not working|doesn't work|does not work|stopped working|error message|can't log in|cannot log in|can't login|cannot login|unable to log in|locked out|reset my password|password reset|forgot my password|technical issue|technical problem|is down|are down|went down|has been down|outage|crashes|crashed|crashing|keeps crashing|bug report|won't load|not loading|does not load|can't access|cannot access|unable to access|no longer works|not syncing|stopped syncing|plumber|electrician|water leak|leaking|burst pipe|no heating|no hot water",
    ),
    (
        Kind(K::Support, 2),
        "error|bug|issue with|issues with|problem with|problems with|trouble|fails|failed|failing|broken|support ticket|help desk|helpdesk|troubleshoot|freezes|slow|timeout|steps to reproduce|screenshot|screenshots|login|log in|password|leaking|not responding|stopped",
    ),
    (
        Kind(K::Complaint, 3),
        "complaint|complain|complaining|unacceptable|disappointed|disappointing|very unhappy|not happy|dissatisfied|unsatisfied|frustrated|frustrating|terrible|appalling|disgusted|disgusting|worst|furious|rude|poor service|bad service|fed up|let down|kept me waiting|kept us waiting|hung up|was promised|were promised|otherwise i will cancel|otherwise we will cancel|or i will cancel|or we will cancel|has not arrived|hasn't arrived|arrived damaged|arrived broken|broken on arrival|outrageous|ridiculous|never again|had enough|no one replied|nobody replied|nobody has replied|nobody answered|still no reply|still no answer|shocking|ashamed",
    ),
    (
        Kind(K::Complaint, 2),
        "still waiting|still have not|still haven't|third time|second time|damaged|defective|wrong item|wrong size|arrived broken|late delivery|delayed again|compensation|make this right|ignored me|ignored us|ignored my|ignored our|ignoring me|ignoring us|ignoring my|ignoring our|feel ignored|was ignored by|were ignored by|i was ignored|we were ignored|i am being ignored|we are being ignored|i have been ignored|we have been ignored|emails are ignored|emails were ignored|calls were ignored|unprofessional|arrived damaged|broken on arrival|faulty",
    ),
    (
        Kind(K::Booking, 3),
        "book a table|book a room|book an appointment|book a slot|book a place|make a booking|make a reservation|reserve a table|reserve a room|to reserve|reservation|reservations|appointment|book a session|book us in|book me in|schedule an appointment|check-in|check in|check-out|availability|table for|room for",
    ),
    (
        Kind(K::Booking, 2),
        "book|booking|schedule|reschedule|available on|are you available|is it available|nights|guests|double room|single room|seminar room|meeting room|slot|arrive on|arriving|venue|catering|workshop|training day|call next week|meet",
    ),
    (
        Kind(K::Invoice, 3),
        "invoice|invoices|charged twice|double charge|double charged|billed twice|overcharged|wrong amount|refund|refunded|billing|credit note|payment reminder|unpaid|outstanding balance|remittance|purchase order number|vat number|direct debit|chargeback|statement of account|billed",
    ),
    (
        Kind(K::Invoice, 2),
        "charged|payment|bank transfer|vat|tax|receipt|overpaid|due date|payable|amount due|accounts payable|accounts department|bank details|iban|money back",
    ),
    (
        Kind(K::Change, 3),
        "change request|change our|change my|change the|update our|update my|amend|modify|add a user|add another|add two|add three|remove the user|upgrade our|upgrade my|downgrade|increase our|reduce our|switch our|switch to|move our|postpone|reschedule|change of address|new address|replace the|adjust the|correct the|please update|please change|please add|please remove|swap",
    ),
    (Kind(K::Change, 2), "change|changes|update|upgrade|extend|extension|add|remove|rename|adjust|instead of|adding"),
    (
        Kind(K::Cancellation, 3),
        "cancel our|cancel my|cancel the|cancellation|terminate our|terminate the|terminate my|termination|end our contract|end my contract|close my account|close our account|unsubscribe us|want to cancel|like to cancel|wish to cancel|give notice|notice of termination|stop our subscription|not renew|do not renew|won't be renewing|will not be renewing",
    ),
    (Kind(K::Cancellation, 2), "cancel|terminate|non-renewal|stop the subscription|leave your"),
    (
        Kind(K::Application, 3),
        "applying for|apply for the|application for the position|application for|job application|my application|my cv|my resume|my résumé|attached cv|cover letter|job opening|the position of|vacancy|internship|apprenticeship|job advert|job ad|open position|opportunity to interview|apply for",
    ),
    (
        Kind(K::Application, 2),
        "cv|resume|résumé|candidate|years of experience|notice period|salary expectations|salary expectation|references available|recruiter|hiring|interview|portfolio",
    ),
    (
        Kind(K::Privacy, 4),
        "gdpr|subject access request|data subject|right to erasure|right to be forgotten|delete my data|erase my data|delete all my data|my personal data|data protection officer|ccpa|article 15|article 17|art. 15|art. 17|dsar|what data you hold|copy of my data|withdraw my consent",
    ),
    (
        Kind(K::Question, 2),
        "question|questions|wondering|i would like to know|we would like to know|would like to know|could you tell|can you tell|please explain|clarify|what is the|how do i|how do we|how does|how can i|is it possible|do you have|do you know|what are your|opening hours|where can i|more information|further information|find out",
    ),
    (
        Kind(K::Pitch, 3),
        "our seo|seo services|rank your website|first page of google|guest post|backlinks|link building|increase your traffic|boost your sales|grow your business|lead generation services|we can help you grow|special promotion|limited time offer|act now|our agency can|we offer web|web design services|i came across your website|i stumbled upon your|quick 15-minute|15 minute call|15-minute call|outsource your|we specialize in|we specialise in|buy now|click here to claim|you have won|you've won|congratulations you",
    ),
    (
        Kind(K::Pitch, 2),
        "unsubscribe|our solution|our platform helps|newsletter|promotion|discount code|opt out|webinar|special offer|sale ends|free gift|guaranteed results",
    ),
    (
        Kind(K::Notice, 3),
        "for your information|fyi|just to let you know|just letting you know|no action needed|no action required|no reply needed|no need to reply|please be advised|this is to inform|this is to confirm|has been shipped|has been approved|was applied to|we have scheduled|we have received|has been confirmed|do not reply|automatic notification|thank you for your payment|thank you for your order|has been credited|was preauthorized|will be closed on",
    ),
    (
        Kind(K::Notice, 2),
        "informing you|we wanted to share|i wanted to share|update on|announcement|reminder|has been updated|have been updated|thanks again|thank you for meeting|great working|well done|congratulations|heads up|heads-up",
    ),
    // ---- risks
    (
        Risk(R::Legal, 3),
        "lawyer|lawyers|solicitor|attorney|legal action|sue you|suing|lawsuit|court|breach of contract|ombudsman|regulator|trading standards|small claims|cease and desist|legal proceedings|legal counsel|tribunal|injunction|we will take legal",
    ),
    (
        Risk(R::Legal, 2),
        "liability|liable|non-compliance|compliance deadline|contractual penalty|penalty clause|consumer rights|legal department|legal team|subpoena|infringement|copyright claim|statutory",
    ),
    (Risk(R::Legal, 1), "audit|auditor|nda|non-disclosure|compliance|terms and conditions|contract|gdpr"),
    (
        Risk(R::Safety, 3),
        "injury|injured|hospital|ambulance|electric shock|fire|smoke|gas leak|explosion|life-threatening|danger to life|suicide|kill myself|carbon monoxide|allergic reaction|anaphylaxis|burned|unconscious",
    ),
    (
        Risk(R::Safety, 2),
        "is unsafe|are unsafe|unsafe to|unsafe for|safety hazard|hazard|dangerous|danger|toxic|allergy|allergic|allergies|flood|flooded|health and safety|sparks|overheating|burning smell|smell of gas|exposed wires|slipped|severe nut allergy|severe allergy",
    ),
    (
        Risk(R::Security, 3),
        "hacked|security breach|data breach|ransomware|malware|phishing|compromised|stolen credentials|unauthorised access|unauthorized access|vulnerability|exploit|credentials leaked|intruder|identity theft|suspicious login|someone else logged",
    ),
    (
        Risk(R::Security, 2),
        "fraud|fraudulent|scam|suspicious|security hole|security issue|lost laptop|stolen laptop|stolen phone|left the company still|cve|leaked",
    ),
    (
        Risk(R::Churn, 3),
        "switch to a competitor|switching to|moving to another|move to another|looking at alternatives|looking at other providers|another provider|other provider|take our business elsewhere|taking our business elsewhere|business elsewhere|go elsewhere|leave you|leaving you|end our contract|terminate our contract|cancel our contract|cancel our subscription|cancel my subscription|not renew|will not be renewing|won't be renewing|close our account|close my account|never use you again|last straw",
    ),
    (
        Risk(R::Churn, 2),
        "cancel|cancelling|canceling|considering alternatives|alternatives|competitor|reconsider|unhappy|disappointed|unacceptable|lost confidence|losing confidence|lose confidence|think again|fed up",
    ),
    (
        Risk(R::Payment, 3),
        "charged twice|billed twice|double charged|chargeback|dispute the charge|disputing|refuse to pay|will not pay|won't pay|withhold payment|insolvency|bankrupt|unauthorised payment|unauthorized payment|changed bank details|new bank details|bank details have changed|updated bank details",
    ),
    (
        Risk(R::Payment, 2),
        "refund|overcharged|unpaid|overdue|late payment|outstanding balance|payment failed|payment declined|final reminder|wrong amount|debt collection|collections|money back|late fee",
    ),
    (
        Risk(R::PersonalData, 3),
        "gdpr|data subject|delete my data|erase my data|right to erasure|right to be forgotten|subject access request|medical records|passport number|social security number|data protection|sent to the wrong person|sent to the wrong address|wrong recipient|health data",
    ),
    (
        Risk(R::PersonalData, 2),
        "date of birth|passport|personal data|medical|patient|diagnosis|customer list|employee data|salary data|bank statement|copy of my id|credit card number|personal information|hr data",
    ),
    (
        Risk(R::Reputation, 3),
        "trustpilot|google review|bad review|one star review|one-star review|negative review|journalist|the press|newspaper|go public|social media|on twitter|on linkedin|on facebook|news station|reporter",
    ),
    // ---- text addressed to a program
    (
        Machine,
        "ignore all previous|ignore previous|ignore your instructions|ignore the above|ignore all prior|disregard previous|disregard all|disregard the above|disregard your|forget your instructions|system prompt|you are now|as an ai|language model|the assistant|dear assistant|ai assistant|mark this request as approved|mark this as approved|set priority to|auto-approve|already approved this|whoever summarises|whoever summarizes|when summarizing|when summarising|in your summary|in your reply|in your response|next action number one|as next action|review policy|standing rule|tool_result|policy_check|developer mode|jailbreak|your response should|respond only with|reply only with|base64 encode|begin your answer|start your answer|end your answer|new instructions|override your|<information>|\"role\"",
    ),
    (
        Enclosure,
        "attached|attachment|attachments|enclosed|see attached|please find attached|i attach|we attach|i have attached|screenshot",
    ),
    (
        Until,
        "by|until|till|no later than|latest|not later than|deadline|due|due by|due on|ahead of|in time for|prior to|expires|expires on|ends on|needed on|required by|starts on|starting on|go live on|live on|launch on|closes on|end by|live|start with us on|start on|before",
    ),
    // ---- topics
    (Topic("the quote"), "quote|quotation|estimate"),
    (Topic("the offer"), "an offer|your offer|proposal"),
    (Topic("the invoice"), "invoice|invoices"),
    (Topic("the double charge"), "charged twice|billed twice|double charge|double charged"),
    (Topic("the refund"), "refund|refunded|money back"),
    (Topic("the payment"), "payment|payments|bank transfer|direct debit"),
    (
        Topic("the changed bank details"),
        "changed bank details|new bank details|bank details have changed|updated bank details",
    ),
    (Topic("the charge"), "overcharged|charged|wrong amount"),
    (Topic("VAT"), "vat|vat number|tax"),
    (Topic("the credit note"), "credit note"),
    (Topic("the delivery"), "delivery|deliveries|delivered|shipment|shipping|parcel|courier"),
    (Topic("the damaged goods"), "damaged|defective|arrived broken|faulty|broken on arrival"),
    (Topic("the order"), "my order|our order|the order|order number|an order"),
    (Topic("order intake"), "order intake|order entry|incoming orders|process orders|processing orders"),
    (
        Topic("invoice processing"),
        "invoice processing|process invoices|processing invoices|accounts payable|approve invoices|invoice approval",
    ),
    (Topic("the login"), "login|log in|log-in|sign in|signing in|locked out|password|two-factor|2fa|mfa"),
    (Topic("the outage"), "outage|is down|are down|went down|has been down|system down|site down|offline"),
    (Topic("the error"), "error message|error|errors|bug|exception"),
    (Topic("the crashes"), "crash|crashes|crashed|crashing"),
    (Topic("the slow system"), "very slow|so slow|is slow|running slow|slow performance|timing out|times out"),
    (Topic("the website"), "website|web site|homepage|landing page|our site|web shop|webshop|online shop|online store"),
    (Topic("the checkout"), "checkout|shopping cart|cart"),
    (Topic("the app"), "app|mobile app|application crashes"),
    (Topic("the e-mail system"), "email client|e-mail client|mailbox|outlook|mail server|inbox"),
    (Topic("the CRM"), "crm|hubspot|salesforce|pipedrive|zoho"),
    (Topic("the ERP system"), "erp|sap|netsuite|dynamics|odoo"),
    (Topic("accounting"), "accounting|bookkeeping|quickbooks|xero|datev|ledger"),
    (Topic("the spreadsheet work"), "spreadsheet|spreadsheets|excel|google sheets"),
    (Topic("the integration"), "integration|integrations|integrate|api|webhook|webhooks|sync|syncing"),
    (Topic("the automation"), "automate|automation|automating|automated"),
    (Topic("the migration"), "migrate|migration|migrating|data migration"),
    (Topic("the data import"), "import|imports|csv import|data import|export|exports"),
    (Topic("reporting"), "report|reports|reporting|dashboard|dashboards"),
    (Topic("the calendar"), "calendar|scheduling tool"),
    (Topic("licences and seats"), "licences|licenses|licence|license|seats|user accounts|users on"),
    (Topic("the subscription"), "subscription|plan renewal|renewal|renew"),
    (Topic("the contract"), "contract|contracts|agreement|terms"),
    (Topic("the data-processing agreement"), "dpa|data processing agreement|data-processing agreement"),
    (Topic("the personal data"), "personal data|gdpr|my data|data protection|data subject"),
    (Topic("security"), "security|hacked|phishing|breach|vulnerability|suspicious"),
    (Topic("hosting and data location"), "hosting|hosted|data residency|data centre|data center|servers in"),
    (Topic("pricing"), "pricing|price list|how much|your rates|cost|costs|price|prices"),
    (Topic("the budget"), "budget"),
    (Topic("the timeline"), "timeline|go live|go-live|lead time|how long would|how long does|how long will|turnaround"),
    (Topic("training"), "training|onboarding|workshop|train our"),
    (Topic("support cover"), "sla|service level|support hours|support contract|maintenance contract"),
    (Topic("references"), "references|case study|case studies|similar projects|similar companies"),
    (Topic("a demo"), "demo|demonstration|free trial|trial"),
    (Topic("a visit on site"), "on site|onsite|site visit|come by"),
    (Topic("a call"), "a call|phone call|call me|call us|call back|callback|ring me|ring us"),
    (Topic("a meeting"), "a meeting|meet up|meeting|to meet"),
    (Topic("the appointment"), "appointment|appointments"),
    (Topic("the booking"), "booking|bookings|reservation|reservations|book a table|book a room|reserve"),
    (Topic("the rooms"), "room|rooms|double room|single room|meeting room|seminar room|conference room"),
    (Topic("the table"), "a table|table for"),
    (Topic("catering"), "catering|lunch for|dinner for|buffet|set menu|vegetarian|vegan|vegetarian lunch"),
    (Topic("allergies"), "allergy|allergic|allergies|gluten-free|gluten free|nut allergy"),
    (Topic("the venue"), "venue|event space|wedding|party|conference"),
    (Topic("parking"), "parking|car park"),
    (Topic("opening hours"), "opening hours|opening times|are you open|business hours"),
    (Topic("availability"), "availability|available|vacancies"),
    (Topic("the cancellation"), "cancel|cancellation|cancelling|terminate|termination"),
    (Topic("the address change"), "change of address|new address|moved offices|moving offices|our address"),
    (
        Topic("the user accounts"),
        "new users|add a user|add two|two users|another user|new colleague|new colleagues|user account|add users|new starter|new starters|new joiner|new colleague|new employee",
    ),
    (Topic("the upgrade"), "upgrade|upgrading|downgrade"),
    (
        Topic("the equipment"),
        "laptop|laptops|printer|printers|monitor|monitors|hardware|router|equipment|machine|machines",
    ),
    (Topic("the heating"), "heating|boiler|radiator|hot water"),
    (Topic("the air conditioning"), "air conditioning|air con|hvac|cooling"),
    (Topic("the leak"), "water leak|leak|leaking|flooded|burst pipe"),
    (Topic("the repair"), "repair|repairs|repaired|fix it|fixed|maintenance"),
    (Topic("the warranty"), "warranty|under guarantee"),
    (Topic("the return"), "return it|return the|send it back|returns policy|exchange it"),
    (Topic("a replacement"), "replacement|on loan|loan unit"),
    (Topic("the position"), "position|vacancy|job opening|role|internship|apprenticeship"),
    (Topic("the CV"), "cv|resume|résumé"),
    (Topic("the interview"), "interview"),
    (Topic("the product"), "product|products|catalogue|catalog"),
    (Topic("stock"), "in stock|out of stock|back in stock|inventory"),
    (Topic("samples"), "sample|samples"),
    (
        Topic("the missing reply"),
        "no one replied|nobody replied|nobody has replied|nobody answered|still no reply|still no answer|no response|not heard back|haven't heard back|ignored me|ignored us|ignored my|ignored our|ignoring me|ignoring us|ignoring my|ignoring our|feel ignored|i was ignored|we were ignored|i am being ignored|we are being ignored|i have been ignored|we have been ignored|emails are ignored|emails were ignored|calls were ignored",
    ),
    (Topic("the staff's conduct"), "rude|unprofessional|your staff|your employee|your technician|your driver"),
    (
        Topic("the late delivery"),
        "late delivery|delayed delivery|delivery delayed|delivery delay|delivery is delayed|delivery was delayed|delivery has been delayed|delay in delivery|delay of the delivery|order delayed|order is delayed|order was delayed|order has been delayed|delay of our order|delay of my order|delay with our order|delay with my order|delayed order|shipment delayed|shipment is delayed|shipment was delayed|shipment has been delayed|delayed shipment|shipping delay|parcel is delayed|parcel was delayed|delayed again|has not arrived|hasn't arrived|not arrived|never arrived|still waiting for",
    ),
    (Topic("payroll"), "payroll|salaries|wages|payslips|payslip"),
    (
        Topic("customer enquiries"),
        "customer enquiries|customer inquiries|support tickets|enquiries|inquiries|customer requests",
    ),
    (Topic("document handling"), "documents|paperwork|scanning|pdfs|document management"),
    (Topic("the chatbot"), "chatbot|chat bot|live chat"),
    (Topic("backups"), "backup|backups|restore"),
    (Topic("the phones"), "phone system|telephony|voip|phone lines|phones are"),
    (Topic("the network"), "network|wifi|wi-fi|internet connection|vpn"),
    (Topic("branding and design"), "logo|branding|brand design|graphic design|redesign"),
    (Topic("marketing"), "marketing|campaign|campaigns|advertising|seo"),
    (Topic("translation"), "translation|translate|translator|translations"),
    (Topic("insurance"), "insurance|insurer|claim number"),
    (Topic("cleaning"), "cleaning|cleaner|cleaners"),
    (Topic("the tenancy"), "tenant|landlord|tenancy|rent|deposit"),
    (Topic("the ticket"), "ticket number|support ticket|ticket #"),
];
